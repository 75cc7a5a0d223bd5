//! A client that sends exactly the bytes it is given and shows exactly the bytes it gets.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::documented::foreseen;

/// One HTTP/1.1 request, to be written as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: vec![("host".to_owned(), "integrator.test".to_owned())],
            body: None,
        }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: impl Into<String>, body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target).body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn without_host(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "host");
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// The request's bytes; `Content-Length` is added where there is a body and no header of
    /// that name or `Transfer-Encoding`.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut framed = false;
        for (name, value) in &self.headers {
            framed |= ["content-length", "transfer-encoding"].contains(&name.as_str());
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let body = self.body.as_deref();
        if let Some(body) = body.filter(|_| !framed) {
            out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body.unwrap_or_default());
        out
    }
}

/// One reply, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case, in the order of the wire; without `date`, which nobody can foretell.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a header that may stand once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two headers {name}: {self:?}");
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// A member of the body, which must be JSON that serde_json can read.
    pub(crate) fn member(&self, pointer: &str) -> Option<serde_json::Value> {
        let body: serde_json::Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()));
        body.pointer(pointer).cloned()
    }

    /// A member that is a string.
    pub(crate) fn string(&self, pointer: &str) -> String {
        let member = self.member(pointer);
        let text = member.as_ref().and_then(serde_json::Value::as_str);
        text.unwrap_or_else(|| panic!("no string at {pointer} in {}", self.text()))
            .to_owned()
    }

    /// The error code, which the header and the body name alike; `None` in a reply that is none.
    pub(crate) fn code(&self) -> Option<String> {
        let code = self.header("x-integrator-error")?;
        for pointer in ["/code", "/error/code"] {
            assert_eq!(self.string(pointer), code, "{}", self.text());
        }
        Some(code.to_owned())
    }
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sent");
    }

    /// Sends a request and reads the reply to it.
    pub(crate) async fn ask(&mut self, request: &Request) -> Reply {
        self.send(&request.bytes()).await;
        let has_body = request.method != "HEAD";
        let reply = self.reply(has_body).await;
        let reply = reply.unwrap_or_else(|| panic!("closed without a reply to {request:?}"));
        foreseen(&request.method, &request.target, &reply);
        reply
    }

    /// The next reply; `None` where the connection ended before one began.
    pub(crate) async fn reply(&mut self, has_body: bool) -> Option<Reply> {
        let head_end = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end + 4;
            }
            if !self.read_more().await {
                assert_eq!(self.unread, b"", "the connection ended within a head");
                return None;
            }
        };
        let head: Vec<u8> = self.unread.drain(..head_end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let mut reply = Reply {
            status: status.unwrap_or_else(|| panic!("no status in {head}")),
            headers: headers.filter(|(name, _)| name != "date").collect(),
            body: Vec::new(),
        };
        if has_body {
            let length = reply.header("content-length").map(str::parse);
            let length = length.expect("replies have a length").expect("a number");
            while self.unread.len() < length {
                assert!(self.read_more().await, "the connection ended within a body");
            }
            reply.body = self.unread.drain(..length).collect();
        }
        Some(reply)
    }

    /// Whether the other side has ended the connection, once it has nothing more to say.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.read_more().await
    }

    async fn read_more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.unread).await;
        read.is_ok_and(|read| read > 0)
    }
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
