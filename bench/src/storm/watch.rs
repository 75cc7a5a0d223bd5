//! What the service tells of itself, each quarter of a second.

use std::time::Duration;

use integrator_bench::laboratory::record::SLICE;
use tokio::time::sleep_until;

use crate::service::Service;
use crate::storm::journal::Journal;
use crate::storm::scrape::{Metrics, Scrape};

/// One look.
pub(crate) struct Look {
    /// When it was taken, which may be later than it was due.
    pub(crate) at: Duration,
    pub(crate) scrape: Scrape,
    /// The time that the service's threads have run.
    pub(crate) processor: Duration,
}

/// Looks at the beginning and at the end of each slice, for as long as asked.
pub(crate) async fn watch(service: &Service, journal: &Journal, lasts: Duration) -> Vec<Look> {
    let mut metrics = Metrics::of(service.address).await;
    let mut looks = Vec::new();
    let mut due = Duration::ZERO;
    while due <= lasts {
        sleep_until(journal.begun() + due).await;
        looks.push(Look {
            at: journal.now(),
            scrape: metrics.read().await,
            processor: service.processor_time(),
        });
        due += SLICE;
    }
    looks
}
