//! A backend for App Attest that is quick, slow, failing or away, as a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use integrator_testbed::port::Reserved;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// How it answers.
struct Mood {
    delay_ms: AtomicU64,
    status: AtomicU16,
    flows: AtomicU64,
}

/// A backend on an address of its own, which it can leave and come back to.
pub(crate) struct Backend {
    reserved: Reserved,
    mood: Arc<Mood>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let mood = Mood {
            delay_ms: AtomicU64::new(0),
            status: AtomicU16::new(200),
            flows: AtomicU64::new(0),
        };
        let mut backend = Self {
            reserved: Reserved::new(),
            mood: Arc::new(mood),
            running: None,
        };
        backend.come_back();
        backend
    }

    pub(crate) fn url(&self) -> String {
        self.reserved.url()
    }

    /// Every answer takes this long from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).expect("a short while");
        self.mood.delay_ms.store(delay, Ordering::Relaxed);
    }

    /// Every answer has this status from now on; its body is that of a success.
    pub(crate) fn answer(&self, status: u16) {
        self.mood.status.store(status, Ordering::Relaxed);
    }

    /// Ends every connection and takes no other.
    pub(crate) fn go_away(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // A backend that has ended by itself is away too.
            let _ended = stop.send(());
            thread.join().expect("the backend ends");
        }
    }

    /// Takes connections, at the same address as before.
    pub(crate) fn come_back(&mut self) {
        let (stop, stopped) = oneshot::channel();
        let (address, mood) = (self.reserved.address(), self.mood.clone());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(address).await.expect("the port is ours");
                ready.send(()).expect("somebody waits");
                tokio::select! {
                    () = accept(listener, mood) => {}
                    _ = stopped => {}
                }
            });
            // With the runtime go its connections.
        });
        is_ready.recv().expect("the backend listens");
        self.running = Some((stop, thread));
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.go_away();
    }
}

async fn accept(listener: TcpListener, mood: Arc<Mood>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, mood.clone()));
    }
}

async fn serve(mut stream: TcpStream, mood: Arc<Mood>) {
    let mut unread = Vec::new();
    while let Some(path) = read(&mut stream, &mut unread).await {
        let delay = mood.delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let status = mood.status.load(Ordering::Relaxed);
        let body = answer(&path, &mood);
        let length = body.len();
        let reply = format!("HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Flows end far in the future: what ends them sooner is somebody else.
fn answer(path: &str, mood: &Mood) -> String {
    let number = mood.flows.fetch_add(1, Ordering::Relaxed);
    match path {
        "/app-attest/register" => {
            format!(r#"{{"flowID":"flow-{number}","expiresAt":"2126-01-01T00:00:00Z"}}"#)
        }
        "/app-attest/client-data-hash" => r#"{"clientDataHash_base64":"aGFzaA=="}"#.to_owned(),
        _ => r#"{"verified":true}"#.to_owned(),
    }
}

/// The path of the next request, once it has been read whole.
async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    let head = loop {
        let end = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            break unread.drain(..end + 4).collect::<Vec<_>>();
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
    let path = head.split(' ').nth(1)?.to_owned();
    let length = head.split_once("content-length: ");
    let length = length.and_then(|(_, rest)| rest.lines().next()?.trim().parse().ok());
    let length: usize = length.unwrap_or(0);
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    unread.drain(..length);
    Some(path)
}
