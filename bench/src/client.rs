//! A client with one connection that stays open.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// What the service answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whole seconds after which to come again, where it said so.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
        })
    }

    /// Posts `body` and returns the body of the answer; none where time ran out before the store
    /// or behind it, which a disk that stalls brings about.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Option<String> {
        let reply = self.ask("POST", path, body).await;
        let reply = reply.expect("the service answers");
        if (500..510).contains(&reply.status) {
            return None;
        }
        assert_eq!(reply.status, 200, "{}", reply.body);
        Some(reply.body)
    }

    /// Sends one request and reads the answer whole.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Reply> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            let blank_line = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = blank_line {
                break end + 4;
            }
            self.read().await?;
        };
        let head = text(self.unread.drain(..end).collect())?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| unreadable(&head))?;
        let length = number(&head, "content-length").ok_or_else(|| unreadable(&head))?;
        let length = usize::try_from(length).map_err(|_| unreadable(&head))?;
        while self.unread.len() < length {
            self.read().await?;
        }
        Ok(Reply {
            status,
            retry_after: number(&head, "retry-after"),
            body: text(self.unread.drain(..length).collect())?,
        })
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the service closed the connection",
            )),
            _ => Ok(()),
        }
    }
}

/// The value of the header `name`, which is a number.
fn number(head: &str, name: &str) -> Option<u64> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let named = found.eq_ignore_ascii_case(name);
        named.then(|| value.trim().parse().ok()).flatten()
    })
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}

fn unreadable(head: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("unreadable answer: {head}"))
}
