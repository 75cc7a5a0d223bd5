//! A backend that answers as it is told and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::client::find;

/// A request as the backend saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case, in the order of the wire.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two headers {name}: {self:?}");
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// What the backend does with a request that it has read.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers.
    Whole {
        status: u16,
        content_type: Option<&'static str>,
        body: Vec<u8>,
    },
    /// Writes these bytes and ends the connection.
    Raw(Vec<u8>),
}

impl Answer {
    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::Whole {
            status,
            content_type: Some("application/json"),
            body: body.as_ref().to_vec(),
        }
    }

    pub(crate) fn typed(content_type: Option<&'static str>, body: impl AsRef<[u8]>) -> Self {
        Self::Whole {
            status: 200,
            content_type,
            body: body.as_ref().to_vec(),
        }
    }

    /// Reads the request and hangs up.
    pub(crate) fn nothing() -> Self {
        Self::Raw(Vec::new())
    }
}

/// An answer that waits to be released.
pub(crate) struct Hold {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Hold {
    /// Waits until the backend has the request whose answer is held.
    pub(crate) async fn arrived(&mut self) {
        (&mut self.arrived).await.expect("the backend runs");
    }

    /// Lets the answer go. Whether anyone still waits for it is not asked.
    pub(crate) fn release(self) {
        let _nobody_waits = self.release.send(());
    }
}

struct Scripted {
    answer: Answer,
    held: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

#[derive(Default)]
struct Script {
    once: HashMap<String, VecDeque<Scripted>>,
    always: HashMap<String, Answer>,
    seen: Vec<Seen>,
}

/// A backend on a free port of this machine.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<Script>>,
    /// How many requests there were so far.
    asked: watch::Receiver<usize>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let script = Arc::<Mutex<Script>>::default();
        let script_of_task = script.clone();
        let (asking, asked) = watch::channel(0);
        let asking = Arc::new(asking);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script_of_task.clone(), asking.clone()));
            }
        });
        let backend = Self {
            address,
            script,
            asked,
        };
        backend.always("/app-attest/register", Answer::json(REGISTERED));
        backend.always("/app-attest/client-data-hash", Answer::json(HASH_ISSUED));
        backend.always("/app-attest/verify", Answer::json(VERIFIED));
        backend
    }

    /// From now on, unless something was scripted for one request.
    pub(crate) fn always(&self, path: &str, answer: Answer) {
        self.script().always.insert(path.to_owned(), answer);
    }

    /// To the next request that nothing is scripted for yet.
    pub(crate) fn once(&self, path: &str, answer: Answer) {
        let scripted = Scripted { answer, held: None };
        self.push(path, scripted);
    }

    /// The same, but not before it is released.
    pub(crate) fn hold(&self, path: &str, answer: Answer) -> Hold {
        let (arrived_sender, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let held = Some((arrived_sender, released));
        self.push(path, Scripted { answer, held });
        Hold { arrived, release }
    }

    /// All requests so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script().seen.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.script().seen.len()
    }

    /// Waits until there were more requests than `known`.
    pub(crate) async fn asked_more_than(&self, known: usize) {
        let mut asked = self.asked.clone();
        let more = asked.wait_for(|asked| *asked > known).await;
        more.expect("the backend runs");
    }

    /// The latest request.
    pub(crate) fn last(&self) -> Seen {
        self.script().seen.last().expect("a request").clone()
    }

    fn push(&self, path: &str, scripted: Scripted) {
        let mut script = self.script();
        let queue = script.once.entry(path.to_owned()).or_default();
        queue.push_back(scripted);
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics while it scripts")
    }
}

/// What the reference answers, shortened.
pub(crate) const REGISTERED: &str =
    r#"{"status":"registered","flowID":"flow-1","expiresAt":"2026-01-17T12:05:00Z"}"#;
pub(crate) const HASH_ISSUED: &str =
    r#"{"clientDataHash_base64":"aGFzaA==","expiresAt":"2026-01-17T12:04:00Z"}"#;
pub(crate) const VERIFIED: &str = r#"{"verified":true,"signCount":1}"#;

async fn serve(
    mut stream: TcpStream,
    script: Arc<Mutex<Script>>,
    asking: Arc<watch::Sender<usize>>,
) {
    let mut unread = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut unread).await {
        let scripted = {
            let mut script = script.lock().expect("no test panics while it scripts");
            let path = seen.path.clone();
            script.seen.push(seen);
            let once = script.once.get_mut(&path).and_then(VecDeque::pop_front);
            once.unwrap_or_else(|| Scripted {
                answer: script.always.get(&path).cloned().unwrap_or_else(unscripted),
                held: None,
            })
        };
        asking.send_modify(|asked| *asked += 1);
        if let Some((arrived, released)) = scripted.held {
            let _nobody_waits = arrived.send(());
            if released.await.is_err() {
                // The test is over and the answer with it.
                std::future::pending::<()>().await;
            }
        }
        let (bytes, goes_on) = written(scripted.answer);
        if stream.write_all(&bytes).await.is_err() || !goes_on {
            return;
        }
    }
}

fn unscripted() -> Answer {
    Answer::status(500, r#"{"error":"nothing is scripted for this path"}"#)
}

fn written(answer: Answer) -> (Vec<u8>, bool) {
    match answer {
        Answer::Raw(bytes) => (bytes, false),
        Answer::Whole {
            status,
            content_type,
            body,
        } => {
            let mut out = format!("HTTP/1.1 {status} Scripted\r\n");
            if let Some(content_type) = content_type {
                out.push_str(&format!("content-type: {content_type}\r\n"));
            }
            out.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
            let mut out = out.into_bytes();
            out.extend_from_slice(&body);
            (out, true)
        }
    }
}

async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(end) = find(unread, b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<u8> = unread.drain(..head_end).collect();
    let head = String::from_utf8(head).expect("a head is text");
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let mut seen = Seen {
        method,
        path,
        headers: headers.collect(),
        body: Vec::new(),
    };
    let length = seen.header("content-length").map_or(Ok(0), str::parse);
    let length: usize = length.expect("a length is a number");
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = unread.drain(..length).collect();
    Some(seen)
}
