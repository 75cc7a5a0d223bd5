//! What the backend is asked.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::protocol::Step;

/// A request's head and body, as far as they matter.
pub(super) struct Asked {
    pub(super) process: String,
    pub(super) step: Step,
    pub(super) flow: String,
    pub(super) attempt: String,
    pub(super) body: String,
}

/// The next request on a connection; none where it ends.
pub(super) async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Asked> {
    let head_end = loop {
        let found = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = found {
            break end + 4;
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<u8> = unread.drain(..head_end).collect();
    let head = String::from_utf8(head).expect("a head is text");
    let header = |wanted: &str| {
        let mut lines = head.split("\r\n").skip(1);
        lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_it = name.eq_ignore_ascii_case(wanted);
            is_it.then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").map_or(Ok(0), |length| length.parse());
    let length: usize = length.expect("a length is a number");
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = unread.drain(..length).collect();
    let mut path = head.split(' ').nth(1)?.split('/').skip(1);
    Some(Asked {
        process: path.next()?.to_owned(),
        step: Step::named(path.next()?)?,
        flow: header("x-flow-handle").expect("a call names its flow"),
        attempt: header("idempotency-key").expect("a call names its attempt"),
        body: String::from_utf8(body).expect("a body is text"),
    })
}
