//! A backend on a raw socket that misbehaves as it is told, and counts by attempt what it was
//! asked. Nothing of it knows HTTP but the few lines that find the end of a request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use integrator_testbed::port::Reserved;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::deed::{Deed, Manners, Part};
use crate::harness::client::find;

#[derive(Default)]
struct State {
    script: VecDeque<Deed>,
    /// Attempt ids with the number of requests that carried them.
    asked: BTreeMap<String, usize>,
    heads: Vec<String>,
    connections: usize,
    /// Connections that it is done with.
    ended: watch::Sender<usize>,
    /// Bytes that a flood got rid of.
    flooded: usize,
}

pub(crate) struct Hostile {
    reserved: Reserved,
    manners: Manners,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

impl Hostile {
    pub(crate) async fn start(manners: Manners) -> Self {
        let reserved = Reserved::new();
        let listener = TcpListener::bind(reserved.address()).await.expect("ours");
        let state = Arc::<Mutex<State>>::default();
        let listening = tokio::spawn(listen(listener, manners, state.clone()));
        Self {
            reserved,
            manners,
            state,
            listening,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.reserved.url()
    }

    /// To the next connection or request that nothing is told about yet.
    pub(crate) fn next(&self, deed: Deed) {
        self.state().script.push_back(deed);
    }

    /// Listens no more: whoever connects is refused.
    pub(crate) async fn go_away(&mut self) {
        self.listening.abort();
        let _aborted = (&mut self.listening).await;
    }

    /// Listens again where it did.
    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.reserved.address()).await;
        let listener = listener.expect("ours");
        self.listening = tokio::spawn(listen(listener, self.manners, self.state.clone()));
    }

    /// How many requests carried this attempt id.
    pub(crate) fn asked(&self, attempt: &str) -> usize {
        self.state().asked.get(attempt).copied().unwrap_or(0)
    }

    /// The most requests that carried one attempt id, and how many ids there were.
    pub(crate) fn most_asked(&self) -> (usize, usize) {
        let state = self.state();
        (
            state.asked.values().copied().max().unwrap_or(0),
            state.asked.len(),
        )
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.state().heads.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }

    /// Waits until it is done with every connection that was made so far: all that it had to say
    /// is said.
    pub(crate) async fn has_said_all(&self) {
        let (made, mut ended) = {
            let state = self.state();
            (state.connections, state.ended.subscribe())
        };
        let all = ended.wait_for(|ended| *ended >= made);
        all.await.expect("the sender lives");
    }

    pub(crate) fn flooded(&self) -> usize {
        self.state().flooded
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }
}

async fn listen(listener: TcpListener, manners: Manners, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.lock().expect("unpoisoned").connections += 1;
        let state = state.clone();
        tokio::spawn(async move {
            converse(stream, manners, state.clone()).await;
            let state = state.lock().expect("unpoisoned");
            state.ended.send_modify(|ended| *ended += 1);
        });
    }
}

async fn converse(mut stream: TcpStream, manners: Manners, state: Arc<Mutex<State>>) {
    let early = {
        let mut state = state.lock().expect("unpoisoned");
        let is_early = |deed: &Deed| matches!(deed, Deed::HangUp | Deed::ResetInBody);
        let early = state.script.front().is_some_and(is_early);
        early.then(|| state.script.pop_front()).flatten()
    };
    let mut unread = Vec::new();
    match early {
        Some(Deed::HangUp) => return,
        Some(_) => {
            let head = read_head(&mut stream, &mut unread).await;
            note(&state, &head.unwrap_or_default());
            return reset(stream);
        }
        None => {}
    }
    while let Some(head) = read_head(&mut stream, &mut unread).await {
        note(&state, &head);
        if !read_body(&mut stream, &mut unread, &head).await {
            return;
        }
        let deed = state.lock().expect("unpoisoned").script.pop_front();
        let (parts, stays) = match deed {
            Some(Deed::Answer(parts)) => (parts, false),
            Some(Deed::AnswerAndStay(parts)) => (parts, true),
            Some(Deed::HangUp) => return,
            Some(Deed::ResetInBody) => return reset(stream),
            None => (
                vec![Part::Bytes(proper(&head, manners))],
                manners != Manners::CloseSaid,
            ),
        };
        for part in parts {
            match part {
                Part::Reset => return reset(stream),
                Part::Silence => return std::future::pending().await,
                part => {
                    if !write(&mut stream, part, &state).await {
                        return;
                    }
                }
            }
        }
        if !stays {
            // Whatever is left to send is sent before the end.
            let _gone = stream.shutdown().await;
            return;
        }
    }
}

fn note(state: &Mutex<State>, head: &str) {
    let mut state = state.lock().expect("unpoisoned");
    if let Some(attempt) = header(head, "idempotency-key") {
        *state.asked.entry(attempt.to_owned()).or_default() += 1;
    }
    state.heads.push(head.to_owned());
}

/// With linger of no time, closing resets (socket(7)).
fn reset(stream: TcpStream) {
    let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    linger.expect("a socket can be told to reset");
    drop(stream);
}

async fn write(stream: &mut TcpStream, part: Part, state: &Mutex<State>) -> bool {
    match part {
        Part::Bytes(bytes) => stream.write_all(&bytes).await.is_ok(),
        Part::Pause(pause) => {
            tokio::time::sleep(pause).await;
            true
        }
        Part::Flood(bytes) => {
            let chunk = [b' '; 16 * 1024];
            let mut left = bytes;
            while left > 0 {
                let length = left.min(chunk.len());
                if stream.write_all(&chunk[..length]).await.is_err() {
                    return false;
                }
                left -= length;
                state.lock().expect("unpoisoned").flooded += length;
            }
            true
        }
        Part::Drip(bytes, pause) => {
            for byte in bytes {
                tokio::time::sleep(pause).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return false;
                }
            }
            true
        }
        Part::Reset | Part::Silence => true,
    }
}

async fn read_head(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = find(unread, b"\r\n\r\n") {
            let head = unread.drain(..end + 4).collect();
            return Some(String::from_utf8(head).expect("a head is text"));
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

async fn read_body(stream: &mut TcpStream, unread: &mut Vec<u8>, head: &str) -> bool {
    let length = header(head, "content-length").and_then(|length| length.parse().ok());
    let length: usize = length.expect("calls have a length");
    while unread.len() < length {
        if stream.read_buf(unread).await.is_ok_and(|read| read == 0) {
            return false;
        }
    }
    unread.drain(..length);
    true
}

/// The value of a header in the text of a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// What a well-behaved backend says, with the flow's handle in it.
fn proper(head: &str, manners: Manners) -> Vec<u8> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let handle = header(head, "x-flow-handle").unwrap_or_default();
    let body = match path {
        "/app-attest/register" => format!(r#"{{"flowID":"of-{handle}"}}"#),
        "/app-attest/client-data-hash" => format!(r#"{{"clientDataHash_base64":"of-{handle}"}}"#),
        _ => format!(r#"{{"verified":true,"canary":"of-{handle}"}}"#),
    };
    let close = match manners {
        Manners::CloseSaid => "connection: close\r\n",
        Manners::Stay => "",
    };
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{close}\r\n{body}").into_bytes()
}
