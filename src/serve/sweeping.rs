//! Sweeps, one after another, as long as the service runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::orchestrator::Orchestrator;

/// Without a sweeper no flow would ever leave: one that panicked is followed by another.
pub(super) async fn keep_sweeping(orchestrator: Arc<Orchestrator>, interval: Duration) {
    loop {
        let mut sweeper = JoinSet::new();
        sweeper.spawn(sweep_forever(orchestrator.clone(), interval));
        if let Some(Err(error)) = sweeper.join_next().await {
            tracing::error!(%error, "the sweeper ended abnormally and is started again");
        }
    }
}

async fn sweep_forever(orchestrator: Arc<Orchestrator>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match orchestrator.sweep().await {
            Ok(swept) if swept.unreadable > 0 => {
                tracing::error!(
                    flows = swept.unreadable,
                    "flows that are due cannot be read"
                );
            }
            Ok(_) => {}
            Err(failure) => {
                tracing::error!(cause = failure.cause().as_deref(), "a sweep ended early");
            }
        }
        // A gate's regime may change while nobody calls.
        orchestrator.tell_turns();
    }
}
