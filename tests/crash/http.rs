//! A request on a connection of its own, and the reply byte for byte.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    target: String,
    key: Option<String>,
    body: String,
}

impl Request {
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self {
            method: "GET",
            target: target.into(),
            key: None,
            body: String::new(),
        }
    }

    pub(crate) fn post(target: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            method: "POST",
            target: target.into(),
            key: None,
            body: body.into(),
        }
    }

    pub(crate) fn keyed(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            body,
            ..
        } = self;
        let key = self.key.as_ref();
        let key = key.map_or(String::new(), |key| format!("idempotency-key: {key}\r\n"));
        let length = body.len();
        format!(
            "{method} {target} HTTP/1.1\r\nhost: crash.test\r\nconnection: close\r\n{key}content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// One reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) body: String,
}

/// A request under way.
pub(crate) struct Asked(TcpStream);

impl Asked {
    /// Connects and sends; none where nobody listens.
    pub(crate) async fn send(address: SocketAddr, request: &Request) -> Option<Self> {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(&request.bytes()).await.ok()?;
        Some(Self(stream))
    }

    /// Reads this many bytes of the reply, and no more.
    pub(crate) async fn read_some(&mut self, count: usize) -> bool {
        let mut some = vec![0; count];
        self.0.read_exact(&mut some).await.is_ok()
    }

    /// The whole reply; none where the connection ends before that.
    pub(crate) async fn reply(mut self) -> Option<Reply> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).await.ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |wanted: &str| {
            let mut lines = head.split("\r\n").skip(1);
            lines.find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted)
                    .then(|| value.trim().to_owned())
            })
        };
        let length: usize = header("content-length")?.parse().ok()?;
        (body.len() == length).then(|| Reply {
            status,
            code: header("x-integrator-error"),
            replayed: header("idempotent-replayed").as_deref() == Some("true"),
            body: body.to_owned(),
        })
    }
}

/// Asks and waits at most `patience` for the whole reply.
pub(crate) async fn ask(
    address: SocketAddr,
    request: &Request,
    patience: Duration,
) -> Option<Reply> {
    let asked = async { Asked::send(address, request).await?.reply().await };
    timeout(patience, asked).await.ok().flatten()
}
