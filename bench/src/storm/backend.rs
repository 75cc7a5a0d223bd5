//! The backend of the storm: the laboratory's, in real time and behind HTTP.
//!
//! It has a thread of its own, so that neither the users nor the service under test hold it up. A
//! call that it has taken is worked on to its end, whether or not anybody still waits for the
//! answer: that is what lets a storm feed itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use integrator_bench::laboratory::scenario::Scenario;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::backend::{answer, request};
use crate::storm::works::Works;

/// Starts it on a free port; it ends with the process.
pub(crate) fn start(scenario: &Scenario, seed: u64) -> (SocketAddr, Arc<Works>) {
    let works = Arc::new(Works::new(scenario.backend(seed)));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("bound");
    let served = Arc::clone(&works);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(serve(listener, served));
    });
    (address, works)
}

async fn serve(listener: std::net::TcpListener, works: Arc<Works>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let running = Arc::clone(&works);
    tokio::spawn(async move { running.run().await });
    let flows = Arc::new(AtomicU64::new(0));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&works), Arc::clone(&flows)));
    }
}

/// Answers one connection's calls, until it is closed or a call is refused.
async fn converse(mut stream: TcpStream, works: Arc<Works>, flows: Arc<AtomicU64>) -> Option<()> {
    // Latency is measured: no answer waits to be joined by another.
    let _best_effort = stream.set_nodelay(true);
    let mut unread = Vec::new();
    loop {
        let path = request(&mut stream, &mut unread).await?;
        works.worked_on().await?;
        let flow = flows.fetch_add(1, Ordering::Relaxed);
        let answer = answer(&path, &format!("flow-{flow}"));
        // Whoever has left is not answered; the work was done all the same.
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
