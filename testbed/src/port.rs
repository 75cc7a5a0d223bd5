//! Ports that a server can come back to.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Socket, Type};

/// Below the range that outgoing connections take theirs from. A server that is down for a moment
/// would otherwise lose its port to one of them: to its own client even, that by trying again and
/// again at last connects to itself. A cluster's bus, 10000 above, stays below that range too.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;

/// Where the next search begins, so that no port is given twice within a process.
static TRIED: AtomicU32 = AtomicU32::new(0);

/// A port that nobody listens on at this moment. Another process may be faster: whoever starts a
/// server there must be ready to choose again.
///
/// # Panics
///
/// Where all of them are taken.
#[must_use]
pub fn free() -> u16 {
    // Processes that run side by side begin at different places.
    let begin = std::process::id().wrapping_mul(127);
    for _ in 0..COUNT {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        let offset = begin.wrapping_add(tried) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).expect("the offset is below a u16");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free: end the servers that listen there");
}

/// An address of the loopback that nobody else gets while this lives. Whoever connects there is
/// refused, unless somebody who was told of it listens: the listeners of the standard library and of
/// tokio may, since they share an address (`SO_REUSEADDR`) with whoever does not listen.
pub struct Reserved {
    address: SocketAddr,
    _bound: Socket,
}

impl Reserved {
    /// Reserves an address.
    ///
    /// # Panics
    ///
    /// Where the system has none.
    #[must_use]
    pub fn new() -> Self {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        bound.set_reuse_address(true).expect("a socket option");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        bound.bind(&any.into()).expect("a port is free");
        let address = bound.local_addr().expect("bound").as_socket();
        Self {
            address: address.expect("an address of the internet"),
            _bound: bound,
        }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as that of an HTTP server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Default for Reserved {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a server's last words say that its port went to somebody else.
pub(crate) fn was_taken(log: &str) -> bool {
    log.to_lowercase().contains("address already in use")
}
