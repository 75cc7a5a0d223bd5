//! From the configuration to a store that is ready, and stays so.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::ServeError;
use crate::clock::Clock;
use crate::config::{Config, Store};
use crate::store::timed::TimedStore;
use crate::store::{self, Bounds, FlowStore, PATIENCE, PrepareError, Prepared, ServerClock};
use crate::telemetry::metrics::Metrics;

/// How often the store is asked whether it is well.
const BEAT: Duration = Duration::from_secs(1);

/// Makes a runtime's own way to the store.
pub(super) type Ways = dyn Fn() -> Arc<dyn FlowStore> + Send + Sync;

/// Opens the store that is configured. Every way to it is measured.
pub(super) fn ways(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Ways>, String> {
    let opened = store::open(store_options(config), clock.clone())?;
    let (clock, metrics) = (clock.clone(), metrics.clone());
    Ok(Arc::new(move || {
        let metrics = metrics.clone();
        let timer = move |kind: &'static str, operation: &'static str, took| {
            metrics.store_operation(kind, operation, took);
        };
        let timed = TimedStore::new(opened.way(), clock.clone(), Box::new(timer));
        Arc::new(timed)
    }))
}

/// The store that is configured.
#[must_use]
pub fn store_options(config: &Config) -> store::Options {
    let max_flows = config.flows.max;
    let bounds = Bounds {
        max_flows,
        patience: PATIENCE,
    };
    let clock = ServerClock::Its;
    match &config.store {
        Store::Memory => store::Options::Memory {
            max_flows,
            max_bytes: config.flows.max_bytes,
        },
        Store::Sqlite { path } => store::Options::Sqlite {
            path: path.clone(),
            bounds,
        },
        Store::Redis { url } => store::Options::Redis {
            url: url.reveal().to_owned(),
            bounds,
            clock,
        },
        Store::Postgres { url } => store::Options::Postgres {
            url: url.reveal().to_owned(),
            bounds,
            clock,
        },
    }
}

/// Reaches the store before the first socket is bound. One that does not answer may later: the
/// service starts and says that it is not ready. One that must not be used as it is ends the
/// start.
pub(super) async fn reach(store: &dyn FlowStore, metrics: &Metrics) -> Result<(), ServeError> {
    match store.prepare().await {
        Ok(prepared) => is_ready(store, &prepared, metrics),
        Err(PrepareError::Unsuitable(reason)) => return Err(ServeError::Store(reason)),
        Err(PrepareError::Unreachable(cause)) => {
            tracing::error!(
                store = store.kind(),
                cause,
                "the store does not answer; not ready until it does"
            );
        }
    }
    Ok(())
}

/// Keeps the store's clock from running back, and brings a store back that was away.
pub(super) async fn keep_ready(store: Arc<dyn FlowStore>, metrics: Arc<Metrics>) {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut trouble: Option<String> = None;
    loop {
        beats.tick().await;
        let beaten = if store.prepared().is_some() {
            store.beat().await.map_err(|error| error.to_string())
        } else {
            let prepared = store.prepare().await;
            prepared
                .map(|prepared| is_ready(&*store, &prepared, &metrics))
                .map_err(|error| error.to_string())
        };
        match &beaten {
            Ok(()) if trouble.is_some() => {
                tracing::info!(store = store.kind(), "the store is well again");
            }
            Err(cause) if trouble.as_ref() != Some(cause) => {
                tracing::error!(store = store.kind(), cause, "the store is not well");
            }
            Ok(()) | Err(_) => {}
        }
        trouble = beaten.err();
    }
}

fn is_ready(store: &dyn FlowStore, prepared: &Prepared, metrics: &Metrics) {
    metrics.store_durability(prepared.durability.as_str());
    tracing::info!(
        store = store.kind(),
        version = prepared.version,
        durability = prepared.durability.as_str(),
        "the store is ready"
    );
    for warning in &prepared.warnings {
        tracing::warn!(store = store.kind(), warning, "the store");
    }
}
