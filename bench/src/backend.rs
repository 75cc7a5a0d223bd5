//! A backend that answers at once, so that what is measured is the service.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const HASH_ISSUED: &str =
    r#"{"clientDataHash_base64":"aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g="}"#;
const VERIFIED: &str = r#"{"verified":true,"signCount":1}"#;

/// Starts it on a free port of this machine.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn serve(mut stream: TcpStream) {
    // Latency is measured: no answer waits to be joined by another.
    let _best_effort = stream.set_nodelay(true);
    let mut unread = Vec::new();
    while let Some(path) = request(&mut stream, &mut unread).await {
        if stream
            .write_all(answer(&path, "flow-1").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// The answer to the call at `path`; a flow that it registers gets the id `flow`.
pub(crate) fn answer(path: &str, flow: &str) -> String {
    let body = match path {
        "/app-attest/register" => format!(r#"{{"status":"registered","flowID":"{flow}"}}"#),
        "/app-attest/client-data-hash" => HASH_ISSUED.to_owned(),
        _ => VERIFIED.to_owned(),
    };
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
    format!("{head}: {length}\r\n\r\n{body}")
}

/// Reads one request whole and tells its path.
pub(crate) async fn request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    let head = loop {
        if let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(unread.drain(..head).collect()).ok()?;
    let path = text.split(' ').nth(1)?.to_owned();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = name.eq_ignore_ascii_case("content-length");
        named.then(|| value.trim().parse().ok()).flatten()
    });
    let length: usize = length.unwrap_or(0);
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    unread.drain(..length);
    Some(path)
}
