//! From a signal to the end: announce, refuse, let what is under way finish, leave.

use std::io;
use std::process;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::phase::{Phase, Phases};

/// After the grace is over: time to write down that answers are unknown, and to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long an orderly stop may take.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// From the signal until connections and requests are refused.
    pub drain_delay: Duration,
    /// From then until calls under way are cut.
    pub grace: Duration,
}

/// SIGTERM and SIGINT, which ask for an end.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// SIGHUP, which ends nothing: it is also what ends a program whose terminal goes, and flows in
/// memory are not to go with a terminal.
pub struct Hangups(Signal);

impl Signals {
    /// Takes the signals over from the system.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Ends the process at once when another signal comes.
    pub async fn end_at_once(mut self) {
        self.next().await;
        process::exit(1);
    }
}

impl Hangups {
    /// Takes the signal over from the system.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next one. Those that came since the last one was taken are one.
    pub async fn next(&mut self) {
        // None would mean that no more can come, which the system never says.
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// What has to end.
pub struct Running<'a> {
    /// Told of each phase.
    pub phases: &'a Phases,
    /// Ends the accepting of connections.
    pub accepting: &'a CancellationToken,
    /// Steps under way.
    pub steps: &'a TaskTracker,
    /// Cuts calls to backends.
    pub cut: &'a CancellationToken,
    /// Connections under way.
    pub connections: &'a TaskTracker,
    /// Ends connections after the request that they are at.
    pub closing: &'a CancellationToken,
}

impl Running<'_> {
    /// Stops in order. Returns when all has ended, or when its time is over.
    pub async fn stop(&self, options: Options) {
        let drain_delay_ms = u64::try_from(options.drain_delay.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(drainDelayMs = drain_delay_ms, "draining");
        self.phases.enter(Phase::Draining);
        tokio::time::sleep(options.drain_delay).await;
        tracing::info!(stepsUnderWay = self.steps.len(), "refusing new requests");
        self.phases.enter(Phase::Refusing);
        self.accepting.cancel();
        let end = Instant::now() + options.grace;
        self.steps.close();
        // Connections stay open meanwhile: what is asked on them is refused in so many words.
        let in_time = timeout_at(end, self.steps.wait()).await.is_ok();
        self.closing.cancel();
        self.connections.close();
        if in_time && timeout_at(end, self.everything()).await.is_ok() {
            tracing::info!("stopped");
            return;
        }
        // A request whose body came late may have begun its step after the others had ended.
        tracing::warn!(stepsUnderWay = self.steps.len(), "calls under way are cut");
        self.cut.cancel();
        if timeout(LAST_WORDS, self.everything()).await.is_err() {
            tracing::warn!(
                connections = self.connections.len(),
                "connections are left behind"
            );
        }
        tracing::info!("stopped");
    }

    async fn everything(&self) {
        self.steps.wait().await;
        self.connections.wait().await;
    }
}
