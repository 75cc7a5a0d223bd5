//! A backend that takes every call down, and answers as the weather or a script says. Each answer
//! names its call, so that whoever tells an answer tells which call it was.

mod request;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::sleep;

use self::request::{Asked, read};
use super::ledger::{Book, Call};
use super::numbers::{Random, micros};
use super::protocol::TIMEOUT_MS;

/// What is done to a process when the backend is at a named point.
pub(crate) type Act = Box<dyn FnOnce() + Send>;

/// What is to happen to the next call, once.
pub(crate) enum Deed {
    /// A connection is accepted; nothing of it is read, ever.
    Accepted(Act),
    /// A request is there; nothing of it is read, ever.
    Readable(Act),
    /// The request is read whole; nothing is answered, ever.
    Read(Act),
    /// Half of the answer is written, and nothing more, ever.
    Half(Act),
    /// The whole answer is written.
    Whole(Act),
    /// The first is told when the request is read whole; it is answered when the second says so.
    Held(oneshot::Sender<u64>, oneshot::Receiver<()>),
    /// It is answered 503.
    Declined(Act),
}

/// How a call is answered that nothing is scripted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// At once.
    Quiet,
    /// Mostly soon, now and then too late, with half an answer, or with a refusal; drawn from this
    /// seed and the call's number.
    Rough(u64),
}

struct Shared {
    book: Book,
    weather: Weather,
    next: Mutex<Option<Deed>>,
}

/// A backend on a port of its own.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Backend {
    pub(crate) async fn start(book: Book, weather: Weather) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            book,
            weather,
            next: Mutex::default(),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        Self { address, shared }
    }

    /// Scripts the next call.
    pub(crate) fn next(&self, deed: Deed) {
        *self.shared.lock() = Some(deed);
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Deed>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, is_it: impl FnOnce(&Deed) -> bool) -> Option<Deed> {
        let mut next = self.lock();
        next.as_ref().is_some_and(is_it).then(|| next.take())?
    }

    async fn serve(&self, mut stream: TcpStream) {
        if let Some(Deed::Accepted(act)) = self.take(|deed| matches!(deed, Deed::Accepted(_))) {
            act();
            return until_closed_unread(&stream).await;
        }
        let mut unread = Vec::new();
        loop {
            // A connection that ends is readable too, and is no request.
            if !matches!(stream.peek(&mut [0; 1]).await, Ok(1)) {
                return;
            }
            if let Some(Deed::Readable(act)) = self.take(|deed| matches!(deed, Deed::Readable(_))) {
                act();
                return until_closed_unread(&stream).await;
            }
            let Some(asked) = read(&mut stream, &mut unread).await else {
                return;
            };
            let call = self.book.call(|serial| taken_down(serial, asked));
            let deed = self.lock().take();
            if !self.answer(&mut stream, &call, deed).await {
                return;
            }
        }
    }

    /// Answers a call; `false` where the connection is not to be used any more.
    async fn answer(&self, stream: &mut TcpStream, call: &Call, deed: Option<Deed>) -> bool {
        match deed {
            Some(Deed::Read(act)) => {
                act();
                self.until_closed(stream, call, None).await;
                false
            }
            Some(Deed::Half(act)) => {
                self.write_half(stream, call).await;
                act();
                self.until_closed(stream, call, None).await;
                false
            }
            Some(Deed::Whole(act)) => {
                let goes_on = self.write(stream, call, 200).await;
                act();
                goes_on
            }
            Some(Deed::Held(arrived, release)) => {
                // Whoever scripted this may have left.
                let _ = arrived.send(call.serial);
                let _ = release.await;
                self.write(stream, call, 200).await
            }
            Some(Deed::Declined(act)) => {
                let goes_on = self.write(stream, call, 503).await;
                act();
                goes_on
            }
            Some(Deed::Accepted(_) | Deed::Readable(_)) | None => match self.weather {
                Weather::Quiet => self.write(stream, call, 200).await,
                Weather::Rough(seed) => self.answer_in_rough_weather(stream, call, seed).await,
            },
        }
    }

    async fn answer_in_rough_weather(
        &self,
        stream: &mut TcpStream,
        call: &Call,
        seed: u64,
    ) -> bool {
        let mut random = Random::of(seed, "answer", call.serial);
        let (status, delay) = match random.between(0, 99) {
            0..60 => (200, random.between(0, 10)),
            60..82 => (200, random.between(10, TIMEOUT_MS / 2)),
            82..90 => (200, random.between(TIMEOUT_MS + 100, 3 * TIMEOUT_MS)),
            90..96 => (503, random.between(0, 50)),
            _ => {
                self.write_half(stream, call).await;
                // The connection ends here: from now on the caller may let go of its claim.
                self.book
                    .of_call(call.serial, |call| call.closed = Some(micros()));
                return false;
            }
        };
        let delay = Duration::from_millis(delay);
        self.until_closed(stream, call, Some(delay)).await && self.write(stream, call, status).await
    }

    /// Writes a whole answer.
    async fn write(&self, stream: &mut TcpStream, call: &Call, status: u16) -> bool {
        let bytes = bytes_of(call, status);
        // Taken down first: whoever has the answer has it after that.
        self.book.of_call(call.serial, |call| {
            call.answered = Some(micros());
            call.status = status;
        });
        stream.write_all(&bytes).await.is_ok()
    }

    async fn write_half(&self, stream: &mut TcpStream, call: &Call) {
        let bytes = bytes_of(call, 200);
        let half = bytes.get(..bytes.len() - call.answer.len() / 2);
        // A caller that has left reads neither half.
        let _ = stream.write_all(half.unwrap_or_default()).await;
    }

    /// Waits, and says whether the caller is still there after that.
    async fn until_closed(
        &self,
        stream: &mut TcpStream,
        call: &Call,
        at_most: Option<Duration>,
    ) -> bool {
        let mut nothing = [0; 1];
        let is_over = async {
            match at_most {
                Some(delay) => sleep(delay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // Nobody sends a second request before the answer to the first.
            _ = stream.read(&mut nothing) => {
                self.book.of_call(call.serial, |call| call.closed = Some(micros()));
                false
            }
            () = is_over => true,
        }
    }
}

fn taken_down(serial: u64, asked: Asked) -> Call {
    let Asked {
        process,
        step,
        flow,
        attempt,
        body,
    } = asked;
    // An odd spelling, which must come through as it is.
    let verified = serial.is_multiple_of(2);
    let answer = format!(
        "{{\"serial\":{serial}, \"marker\":\"{}\",\"verified\" :{verified},\"odd\":[1.0e1,\"\\u0041\"]}}",
        marker(serial)
    );
    Call {
        serial,
        flow,
        step,
        attempt,
        body,
        process,
        arrived: micros(),
        answered: None,
        status: 0,
        answer,
        closed: None,
    }
}

/// What stands in the answer to one call and nowhere else.
pub(crate) fn marker(serial: u64) -> String {
    format!("answer-{serial}-to-one-call")
}

fn bytes_of(call: &Call, status: u16) -> Vec<u8> {
    let body = if status == 200 { &call.answer } else { "{}" };
    format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Keeps a connection of which nothing is read. Its end cannot be seen so: the run's end ends it.
async fn until_closed_unread(stream: &TcpStream) {
    let _open = stream;
    std::future::pending::<()>().await;
}
