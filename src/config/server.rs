//! `[server]` and `[server.tls]`: where the service listens and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use super::auth;
use super::setting::{Feature, Gate, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

pub(super) const LISTEN: &str = "server.listen";
const DRAIN_DELAY: &str = "server.drain_delay_ms";
const SHUTDOWN_GRACE: &str = "server.shutdown_grace_ms";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        LISTEN,
        Kind::Address,
        Feature::Service,
        "Address and port that callers reach.",
    )
    .default("127.0.0.1:8090")
    .legacy("APP_ATTEST_INTEGRATOR_PORT"),
    Setting::new(
        DRAIN_DELAY,
        Kind::Integer {
            least: 0,
            most: 600_000,
            unit: "milliseconds",
        },
        Feature::Service,
        "How long requests are still served after a signal, `readyz` already answering 503.",
    )
    .default("5000"),
    Setting::new(
        SHUTDOWN_GRACE,
        Kind::Integer {
            least: 0,
            most: 3_600_000,
            unit: "milliseconds",
        },
        Feature::Service,
        "How long calls in flight may take to finish once new connections are refused.",
    )
    .default("30000"),
    Setting::new(
        "server.tls.certificate",
        Kind::Path,
        Feature::Tls,
        "PEM file of the certificate chain.",
    )
    .gate(Gate::Absent),
    Setting::new(
        "server.tls.key",
        Kind::Path,
        Feature::Tls,
        "PEM file of the certificate's private key.",
    )
    .gate(Gate::Absent),
    Setting::new(
        "server.tls.client_ca",
        Kind::Path,
        Feature::Tls,
        "PEM file of the roots that client certificates lead to.",
    )
    .gate(Gate::Absent),
];

/// The listener for callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// From the signal to the last accepted connection.
    pub drain_delay: Duration,
    /// From the last accepted connection to the end of calls in flight.
    pub shutdown_grace: Duration,
}

impl Server {
    pub(super) fn assemble(settled: &Settled) -> Result<Server, Problem> {
        Ok(Server {
            listen: settled.address(LISTEN)?,
            drain_delay: settled.duration(DRAIN_DELAY)?,
            shutdown_grace: settled.duration(SHUTDOWN_GRACE)?,
        })
    }
}

pub(super) fn contradictions(settled: &Settled) -> Vec<Problem> {
    open_to_all(settled, LISTEN).into_iter().collect()
}

/// That a listener is open beyond this machine and nobody said that it may be.
pub(super) fn open_to_all(settled: &Settled, path: &str) -> Option<Problem> {
    let listen = settled.address(path).ok()?;
    let beyond = !listen.ip().to_canonical().is_loopback();
    let said = settled.is_said(auth::MODE) || settled.is_broken(auth::MODE);
    (beyond && !said).then(|| {
        let text = format!(
            "{listen} is reached from beyond this machine, without authentication; listen on 127.0.0.1 or [::1], \
             or say in so many words that it is meant: auth.mode = \"none\" in the file, or INTEGRATOR__AUTH__MODE=none"
        );
        Problem::at(path, settled.place(path), text)
    })
}
