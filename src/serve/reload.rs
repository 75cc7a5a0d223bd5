//! Reading the definitions anew at each hangup: all of them take the place of those in use, or
//! none does.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::audit::Audit;
use crate::catalog::{Catalog, Catalogs, Changes};
use crate::clock::Clock;
use crate::config::Config;
use crate::phase::{Phase, Phases};
use crate::problems::{Problem, Problems};
use crate::shutdown::Hangups;
use crate::telemetry::metrics::Metrics;

/// Warnings that the log tells at once.
const MOST_WARNINGS: usize = 100;
/// Protocols that one line names.
const MOST_NAMES: usize = 32;
/// How long a folder may take to be read.
const READING_MAX: Duration = Duration::from_secs(60);

/// What a reload needs and changes.
pub(super) struct Reloading {
    /// The configuration of the start, which stands.
    pub(super) config: Arc<Config>,
    pub(super) catalogs: Arc<Catalogs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) phases: Arc<Phases>,
    pub(super) audit: Option<Arc<Audit>>,
}

/// What was read, with what is doubtful in it.
type Read = Result<(Catalog, Vec<String>), Problems>;

impl Reloading {
    /// Reloads at each hangup. One that comes during a reload is followed by another reload, so
    /// that what was on disk at the last hangup has been read.
    pub(super) async fn at_each(self, mut hangups: Hangups) {
        loop {
            hangups.next().await;
            if self.phases.get() == Phase::Serving {
                tracing::info!("reloading protocols");
                self.take(self.read().await);
            } else {
                tracing::warn!("SIGHUP is ignored: this instance is stopping");
            }
        }
    }

    /// Reads on a thread of its own: a disk that does not answer holds up neither requests nor
    /// the end of the process.
    async fn read(&self) -> Read {
        let (sender, read) = oneshot::channel();
        let config = self.config.clone();
        let reading = move || {
            // Nobody waits any more where it took too long.
            let _unheard = sender.send(config.read_protocols());
        };
        let thread = thread::Builder::new().name("definitions".to_owned());
        if let Err(error) = thread.spawn(reading) {
            return Err(Problem::new(format!("no thread can be started: {error}")).into());
        }
        match timeout(READING_MAX, read).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(unread(
                "the reading ended abnormally; standard error tells where",
            )),
            Err(_) => Err(unread(
                "it could not be read within 60 s; is its disk there?",
            )),
        }
    }

    fn take(&self, read: Read) {
        let at = self.clock.wall();
        match read {
            Ok((catalog, doubts)) => {
                let protocols = catalog.iter().map(|protocol| &**protocol);
                self.metrics.protocols_loaded(protocols, at);
                let changes = self.catalogs.replace(catalog, at);
                tell_loaded(&changes, &doubts);
            }
            Err(problems) => {
                let told = self.catalogs.refuse(&problems, at);
                tracing::error!(problems = told.join("\n"), "protocols not reloaded");
            }
        }
        if let Some(reload) = self.catalogs.standing().reload {
            self.metrics.protocols_reloaded(reload.outcome.as_str());
            if let Some(audit) = &self.audit {
                audit.reloaded(&reload.outcome);
            }
        }
    }
}

fn tell_loaded(changes: &Changes, doubts: &[String]) {
    tracing::info!(
        added = told(&changes.added),
        changed = told(&changes.changed),
        removed = told(&changes.removed),
        "protocols reloaded"
    );
    each_of(doubts, |warning| {
        tracing::warn!(warning, "protocols reloaded");
    });
}

/// Tells each warning, but not more of them than anybody would read in a log.
pub(super) fn each_of(doubts: &[String], tell: impl Fn(&str)) {
    let told = doubts.iter().take(MOST_WARNINGS);
    told.for_each(|warning| tell(warning));
    let untold = doubts.len().saturating_sub(MOST_WARNINGS);
    if untold > 0 {
        tell(&format!(
            "and {untold} more, which appattest-integrator check tells"
        ));
    }
}

/// Nothing where there is nothing.
fn told(names: &[String]) -> Option<String> {
    let untold = names.len().saturating_sub(MOST_NAMES);
    let mut told = names
        .iter()
        .take(MOST_NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if untold > 0 {
        told.push_str(&format!(" and {untold} more"));
    }
    (!names.is_empty()).then_some(told)
}

fn unread(why: &str) -> Problems {
    Problem::of("protocols.dir", why).into()
}
