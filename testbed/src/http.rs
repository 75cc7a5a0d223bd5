//! One HTTP request, blocking, on a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No server that lives takes this long for a test's request.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reply: its status and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

/// Asks for a resource.
///
/// # Errors
///
/// In words, where no whole reply came.
pub fn get(address: SocketAddr, target: &str) -> Result<Reply, String> {
    ask(address, "GET", target, &[], "")
}

/// Posts a body with these headers.
///
/// # Errors
///
/// In words, where no whole reply came.
pub fn post(
    address: SocketAddr,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Reply, String> {
    ask(address, "POST", target, headers, body)
}

/// The version is 1.0, so that a reply ends with its connection and never comes in chunks.
fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Reply, String> {
    let mut request = format!("{method} {target} HTTP/1.0\r\nhost: {address}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    let told = exchanged(address, &request).map_err(|error| format!("{address}: {error}"))?;
    let text = String::from_utf8_lossy(&told);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Reply {
        status: status.ok_or_else(|| format!("{address}: no reply, but {text:?}"))?,
        body: body.to_owned(),
    })
}

fn exchanged(address: SocketAddr, request: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut told = Vec::new();
    stream.read_to_end(&mut told)?;
    Ok(told)
}
