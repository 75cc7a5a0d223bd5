//! As much of the protocol of Redis as a test needs to ask one thing.

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A test fails, rather than wait for a server that is paused.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends one command over a new connection. The error is the server's refusal.
///
/// # Panics
///
/// If there is no whole answer.
pub(super) fn ask(
    address: SocketAddr,
    password: Option<&str>,
    words: &[&str],
) -> Result<String, String> {
    let asked = || -> io::Result<Result<String, String>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut replies = BufReader::new(stream.try_clone()?);
        if let Some(password) = password {
            stream.write_all(&encoded(&["AUTH", password]))?;
            if let Err(refusal) = reply(&mut replies)? {
                return Ok(Err(refusal));
            }
        }
        stream.write_all(&encoded(words))?;
        reply(&mut replies)
    };
    asked().unwrap_or_else(|error| panic!("redis at {address} does not answer {words:?}: {error}"))
}

fn encoded(words: &[&str]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    command.into_bytes()
}

fn reply(from: &mut impl BufRead) -> io::Result<Result<String, String>> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.trim_end();
    let Some(kind) = line.chars().next() else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let rest = line.get(kind.len_utf8()..).unwrap_or_default();
    match kind {
        '+' | ':' => Ok(Ok(rest.to_owned())),
        '-' => Ok(Err(rest.to_owned())),
        '$' => bulk(from, rest).map(Ok),
        '*' => elements(from, rest),
        _ => Err(io::Error::other(format!("{line:?} is no reply"))),
    }
}

/// A string with its length before it; a length below zero is nil.
fn bulk(from: &mut impl BufRead, length: &str) -> io::Result<String> {
    let Ok(length) = length.parse::<usize>() else {
        return Ok(String::new());
    };
    let mut bytes = vec![0; length + b"\r\n".len()];
    from.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn elements(from: &mut impl BufRead, count: &str) -> io::Result<Result<String, String>> {
    let mut lines = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap_or(0) {
        match reply(from)? {
            Ok(line) => lines.push(line),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(lines.join("\n")))
}
