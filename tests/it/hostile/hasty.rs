//! A backend on a thread of its own that closes each connection shortly after its first answer,
//! every time at another moment: often just when the next request is on its way.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::header;
use crate::harness::client::find;

/// Attempt ids with the number of requests that carried them, read or left unread.
type Asked = Arc<Mutex<BTreeMap<String, usize>>>;

pub(super) struct Hasty {
    pub(super) address: SocketAddr,
    asked: Asked,
}

impl Hasty {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Asked::default();
        let noted = asked.clone();
        // Ends with the process of the tests.
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                converse(stream.expect("a connection"), number, &noted);
            }
        });
        Self { address, asked }
    }

    /// The most requests that carried one attempt id, and how many requests there were.
    pub(super) fn most_asked(&self) -> (usize, usize) {
        let asked = self.asked.lock().expect("unpoisoned");
        let most = asked.values().copied().max();
        (most.unwrap_or(0), asked.values().sum())
    }
}

fn converse(mut stream: TcpStream, number: usize, asked: &Asked) {
    let Some(head) = read_request(&mut stream) else {
        return;
    };
    note(&head, asked);
    let handle = header(&head, "x-flow-handle").unwrap_or_default();
    let body = format!(r#"{{"flowID":"of-{handle}"}}"#);
    let length = body.len();
    let said = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    let _gone = stream.write_all(said.as_bytes());
    for _ in 0..number % 50 * 2000 {
        std::hint::spin_loop();
    }
    // What has come by now has been sent, even though it is never answered.
    stream
        .set_nonblocking(true)
        .expect("a socket can be told not to wait");
    let mut waiting = [0; 4096];
    if let Ok(read) = stream.peek(&mut waiting) {
        note(&String::from_utf8_lossy(&waiting[..read]), asked);
    }
}

fn note(head: &str, asked: &Asked) {
    if let Some(attempt) = header(head, "idempotency-key") {
        let mut asked = asked.lock().expect("unpoisoned");
        *asked.entry(attempt.to_owned()).or_default() += 1;
    }
}

/// The head of a request, once its body is there too.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = find(&read, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length: usize = header(&head, "content-length")?.parse().ok()?;
            if read.len() >= end + 4 + length {
                return Some(head);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(length) => read.extend_from_slice(&chunk[..length]),
        }
    }
}
