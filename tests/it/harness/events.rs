//! A reader of server-sent events, as the HTML standard has them (section 9.2.6).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{Request, find};
use super::service::Service;

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Event {
        kind: String,
        id: String,
        data: String,
    },
    Comment,
}

impl Told {
    /// The name, id and data of an event.
    #[track_caller]
    pub(crate) fn event(self) -> (String, String, String) {
        match self {
            Self::Event { kind, id, data } => (kind, id, data),
            Self::Comment => panic!("a comment in place of an event"),
        }
    }
}

/// A stream that is read.
pub(crate) struct EventStream {
    pub(crate) head: String,
    stream: TcpStream,
    unread: Vec<u8>,
    text: Vec<u8>,
    is_whole: bool,
}

impl EventStream {
    /// Asks, and reads the head of the reply.
    pub(crate) async fn open(address: SocketAddr, request: &Request) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("listening");
        stream.write_all(&request.bytes()).await.expect("written");
        let mut opened = Self {
            head: String::new(),
            stream,
            unread: Vec::new(),
            text: Vec::new(),
            is_whole: false,
        };
        let end = loop {
            match find(&opened.unread, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => opened.read_more().await,
            }
        };
        let head: Vec<u8> = opened.unread.drain(..end).collect();
        opened.head = String::from_utf8(head).expect("a head is text");
        opened
    }

    /// What comes next; none where the stream has come to its orderly end.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(end) = find(&self.text, b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                return Some(told(&String::from_utf8(block).expect("a stream is UTF-8")));
            }
            if self.is_whole {
                assert!(self.text.is_empty(), "the stream ended within an event");
                return None;
            }
            self.read_chunk().await;
        }
    }

    /// The next event, which must be a transition: its id and data.
    pub(crate) async fn transition(&mut self) -> (String, String) {
        let next = self.next().await.expect("the stream goes on");
        let (kind, id, data) = next.event();
        assert_eq!(kind, "transition");
        (id, data)
    }

    async fn read_chunk(&mut self) {
        let head = loop {
            match find(&self.unread, b"\r\n") {
                Some(end) => break end,
                None => self.read_more().await,
            }
        };
        let size = std::str::from_utf8(&self.unread[..head]).expect("a size is text");
        let size = usize::from_str_radix(size, 16).expect("a size");
        while self.unread.len() < head + 2 + size + 2 {
            self.read_more().await;
        }
        self.text
            .extend_from_slice(&self.unread[head + 2..head + 2 + size]);
        self.unread.drain(..head + 2 + size + 2);
        self.is_whole = size == 0;
    }

    async fn read_more(&mut self) {
        let read = self.stream.read_buf(&mut self.unread).await.expect("read");
        assert!(read > 0, "the connection ended within the reply");
    }
}

/// A block as a reader of the standard takes it. We write line feeds alone, so that a carriage
/// return would end a line that nobody ended.
fn told(block: &str) -> Told {
    assert!(!block.contains('\r'), "{block:?}");
    let (mut kind, mut id, mut data) = (String::new(), String::new(), Vec::new());
    let mut is_comment = true;
    for line in block.trim_end_matches('\n').split('\n') {
        let (field, value) = line.split_once(':').expect("a field");
        let value = value.strip_prefix(' ').unwrap_or(value);
        is_comment &= field.is_empty();
        match field {
            "" => {}
            "event" => kind.push_str(value),
            "id" => id.push_str(value),
            "data" => data.push(value),
            other => panic!("unknown field {other}"),
        }
    }
    match is_comment {
        true => Told::Comment,
        false => Told::Event {
            kind,
            id,
            data: data.join("\n"),
        },
    }
}

impl Service {
    /// Follows a flow from now on; its observation has been read.
    pub(crate) async fn follow(&self, handle: &str) -> EventStream {
        let mut stream = self.open_events(handle, None).await;
        let (kind, _, _) = stream.next().await.expect("an observation").event();
        assert_eq!(kind, "observation");
        stream
    }

    /// The stream of a flow, of which only the head has been read.
    pub(crate) async fn open_events(&self, handle: &str, after: Option<&str>) -> EventStream {
        let request = Request::get(format!("/v1/flows/{handle}/events"));
        let request = match after {
            Some(after) => request.header("last-event-id", after),
            None => request,
        };
        EventStream::open(self.address, &request).await
    }
}
