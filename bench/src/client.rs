//! A client with one connection that stays open.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Posts `body` and returns the body of the answer; none where time ran out before the store
    /// or behind it, which a disk that stalls brings about.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Option<String> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.expect("the service reads");
        let end = loop {
            if let Some(end) = self
                .unread
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n")
            {
                break end + 4;
            }
            self.read().await;
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let length = head.lines().find_map(|line| {
            let value = line.to_ascii_lowercase();
            let value = value.strip_prefix("content-length:")?.trim().to_owned();
            value.parse().ok()
        });
        let length: usize = length.expect("answers have a length");
        while self.unread.len() < length {
            self.read().await;
        }
        let body: Vec<u8> = self.unread.drain(..length).collect();
        let body = String::from_utf8(body).expect("a body is text");
        if head.starts_with("HTTP/1.1 50") {
            return None;
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}{body}");
        Some(body)
    }

    async fn read(&mut self) {
        let read = self.stream.read_buf(&mut self.unread).await;
        assert!(read.expect("the service answers") > 0, "the service closed");
    }
}
