//! A proxy before a server, that breaks what is between it and a client.
//!
//! It passes bytes on as they come and knows no protocol. A client that has one request under way
//! at a time sends it in one write, as most do; so a trigger's pattern stands for a request.

mod gate;
mod link;
mod triggers;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use self::gate::{Gate, Mode};
use self::triggers::Triggers;

/// What a trigger runs, on a thread of the proxy.
pub type Deed = Box<dyn FnOnce() + Send>;

/// What happens when a client sends what a trigger waits for.
pub enum Action {
    /// The bytes are not passed on, and both sides are closed: the request never arrived.
    Drop,
    /// The bytes are passed on; once the first bytes of a reply have come, they are swallowed and
    /// both sides are closed: the request was carried out, and the client does not know.
    LoseReply,
    /// Runs before the bytes are passed on. What it switches on the proxy holds for these bytes.
    Call(Deed),
    /// As [`Action::LoseReply`]; runs when the reply has come, before both sides are closed. It
    /// never runs if the server closes without a reply.
    CallAfterReply(Deed),
}

/// A proxy on a port of its own. Dropping it closes every connection.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the threads of a proxy know.
struct Shared {
    upstream: SocketAddr,
    gate: Gate,
    triggers: Triggers,
    accepted: AtomicUsize,
}

impl Proxy {
    /// Starts a proxy that passes everything on to `upstream` and back.
    ///
    /// # Panics
    ///
    /// If it cannot listen on the loopback.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            upstream,
            gate: Gate::default(),
            triggers: Triggers::default(),
            accepted: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the server as it is through this proxy.
    ///
    /// # Panics
    ///
    /// If the URL does not hold the server's address.
    #[must_use]
    pub fn url(&self, of_server: &str) -> String {
        let upstream = self.shared.upstream.to_string();
        assert!(
            of_server.contains(&upstream),
            "{of_server} is not a URL of {upstream}, which this proxy leads to"
        );
        of_server.replacen(&upstream, &self.address.to_string(), 1)
    }

    /// Passes bytes on: from the start, and again after a fault.
    pub fn pass(&self) {
        self.shared.gate.switch(Mode::Pass);
    }

    /// Closes every connection, and every new one at once, until [`Proxy::pass`].
    pub fn refuse(&self) {
        self.shared.gate.switch(Mode::Refuse);
    }

    /// Accepts connections and passes nothing, in neither direction, until [`Proxy::pass`]; then
    /// everything that was held back arrives. A write that is under way at this moment may still
    /// go through.
    pub fn hang(&self) {
        self.shared.gate.switch(Mode::Hang);
    }

    /// Lets bytes be on their way for so long, in each direction, as over a long line.
    pub fn delay(&self, delay: Duration) {
        self.shared.gate.delay(delay);
    }

    /// Takes `action`, once, when a client has sent `pattern`. Bytes that come in pieces count as
    /// one stream, each connection by itself. What is passed on, or not, is the piece in which
    /// the pattern ends. Of several triggers that one piece matches, the first takes it and the
    /// others wait for the next.
    ///
    /// # Panics
    ///
    /// If the pattern is empty or longer than 1024 bytes.
    pub fn when_sent(&self, pattern: &[u8], action: Action) {
        self.shared.triggers.arm(pattern, action);
    }

    /// How many triggers have been set off so far.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.shared.triggers.fired()
    }

    /// How many connections were accepted so far, those included that were closed at once.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.gate.switch(Mode::Ended);
        // Whoever waits for a connection looks up only when there is one.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.gate.mode() == Mode::Ended {
                return;
            }
            match client {
                Ok(client) => {
                    self.accepted.fetch_add(1, Ordering::SeqCst);
                    let shared = Arc::clone(&self);
                    std::thread::spawn(move || link::serve(&shared, client));
                }
                Err(error) => return eprintln!("a proxy accepts no more connections: {error}"),
            }
        }
    }
}
