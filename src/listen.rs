//! Accepting connections and speaking HTTP/1.1 on them, within bounds.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How long the head of a request may take, from the moment that one is waited for.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// How long sent bytes may stay unacknowledged before a reader counts as gone (RFC 5482).
const UNREAD_DEADLINE: Duration = Duration::from_secs(30);
/// Connections that the kernel holds ready while we are busy.
const BACKLOG: u32 = 1024;
/// Pause after the machine could not give a socket, so that trying again costs nothing.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Binds a listener.
///
/// # Errors
///
/// The system's, where the address is in use or not ours.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A connection that was accepted, with its place among those that may be open.
pub struct Accepted {
    /// The socket, not yet bound to a runtime.
    pub stream: std::net::TcpStream,
    permit: OwnedSemaphorePermit,
}

/// Waits for the next connection. While as many are open as may be, none is accepted; where the
/// machine has no more sockets to give, that is told once a pause and tried again.
pub async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Accepted {
    loop {
        let Ok(permit) = places.clone().acquire_owned().await else {
            // The semaphore is never closed; should it be, nothing is accepted any more.
            return std::future::pending().await;
        };
        match listener
            .accept()
            .await
            .and_then(|(stream, _)| prepare(stream))
        {
            Ok(stream) => return Accepted { stream, permit },
            Err(error) if is_about_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

fn prepare(stream: TcpStream) -> io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_DEADLINE))?;
    stream.into_std()
}

fn is_about_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Serves one connection to its end, or, once `closing` is cancelled, to the end of the request
/// that it is at.
pub async fn converse(accepted: Accepted, router: Router, closing: CancellationToken) {
    let Accepted { stream, permit } = accepted;
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, "an accepted connection is unusable");
            return;
        }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(permit);
}
