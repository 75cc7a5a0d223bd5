//! The composition root: from a configuration to a running service.

mod about;
mod listeners;
mod reload;
mod store;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::about::about;
use self::listeners::Listeners;
use self::reload::Reloading;
pub use self::store::store_options;
use self::store::{Ways, keep_ready, reach, ways};
use crate::api::Api;
use crate::backend::client;
use crate::catalog::{Catalog, Catalogs};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Format};
use crate::entropy::SystemEntropy;
use crate::orchestrator::{Orchestrator, Shared};
use crate::phase::Phases;
use crate::shutdown::{self, Hangups, Running, Signals};
use crate::store::FlowStore;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::{Telemetry, log};
use crate::workers::{Kit, StartError, Workers};

/// The service could not be started.
#[derive(Debug, Error)]
enum ServeError {
    #[error(transparent)]
    Log(#[from] log::SetupError),
    #[error("the metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("cannot listen on {address}: {cause}. Choose another address with {setting}.")]
    Bind {
        address: SocketAddr,
        setting: &'static str,
        cause: io::Error,
    },
    #[error("the store cannot be used: {0}")]
    Store(String),
    #[error(transparent)]
    Workers(#[from] StartError),
    #[error("the system refuses what a service needs: {0}")]
    System(#[from] io::Error),
}

/// Runs the service until a signal ends it: exit code 0 after an orderly stop, 1 where it could
/// not be started.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "the service is the end of its configuration"
)]
pub fn run(config: Config, catalog: Catalog) -> ExitCode {
    match serve(&config, catalog) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("appattest-integrator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: &Config, catalog: Catalog) -> Result<(), ServeError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let _written_at_the_end = log::set_up(
        log_format(config.log.format),
        config.log.level,
        clock.clone(),
    )?;
    reload::warn(&config.warnings, "configuration");
    let metrics = Arc::new(Metrics::new()?);
    metrics.expect(catalog.iter().map(|protocol| protocol.name()));
    metrics.protocols_loaded(clock.wall());
    let telemetry = Arc::new(Telemetry::new(metrics.clone(), config.log.artifacts));
    let store = ways(config, &clock, &metrics).map_err(ServeError::Store)?;
    let shared = Arc::new(Shared::new(
        Arc::new(Catalogs::new(catalog)),
        clock.clone(),
        Arc::new(SystemEntropy),
        telemetry.clone(),
    ));
    let phases = Arc::new(Phases::default());
    let kit = kit(config, &clock, &telemetry, &shared, &phases, store);
    let cores = std::thread::available_parallelism()?.get();
    let workers = Workers::start(cores, &kit)?;
    let control = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let workers = control.block_on(async {
        // A hangup while the store is waited for asks for what is read anyway, and ends nothing.
        let hangups = Hangups::listen()?;
        let store = (kit.store)();
        reach(&*store, &metrics).await?;
        let listeners = Listeners::bind(config)?;
        let signals = (Signals::listen()?, hangups);
        // Said last: who reads it may send a signal at once, which must already be ours.
        listeners.announce()?;
        Ok::<_, ServeError>(
            until_stopped(
                config,
                listeners,
                signals,
                workers,
                &kit,
                &phases,
                (store, metrics),
            )
            .await,
        )
    })?;
    if kit.connections.is_empty() && kit.shared.steps.is_empty() {
        workers.join();
    }
    Ok(())
}

/// Accepts, sweeps and waits for the signal; then stops in order.
async fn until_stopped(
    config: &Config,
    listeners: Listeners,
    (mut signals, hangups): (Signals, Hangups),
    workers: Workers,
    kit: &Kit,
    phases: &Arc<Phases>,
    (store, metrics): (Arc<dyn FlowStore>, Arc<Metrics>),
) -> Workers {
    let accepting = CancellationToken::new();
    let accepted = tokio::spawn(listeners.accept_until(accepting.clone(), workers));
    let sweeper = Arc::new(Orchestrator::new(
        kit.shared.clone(),
        store.clone(),
        HashMap::new(),
    ));
    let reloading = Reloading {
        config: Arc::new(config.clone()),
        catalogs: kit.shared.catalogs.clone(),
        clock: kit.shared.clock.clone(),
        metrics: metrics.clone(),
        phases: phases.clone(),
    };
    let reloading = tokio::spawn(reloading.at_each(hangups));
    let tending = tokio::spawn(keep_ready(store, metrics));
    let sweeping = tokio::spawn(keep_sweeping(sweeper, config.flows.sweep_interval));
    signals.next().await;
    tokio::spawn(signals.end_at_once());
    let running = Running {
        phases,
        accepting: &accepting,
        steps: &kit.shared.steps,
        cut: &kit.shared.cut,
        connections: &kit.connections,
        closing: &kit.closing,
    };
    let options = shutdown::Options {
        drain_delay: config.server.drain_delay,
        grace: config.server.shutdown_grace,
    };
    running.stop(options).await;
    sweeping.abort();
    tending.abort();
    reloading.abort();
    match accepted.await {
        Ok(workers) => workers,
        Err(error) => {
            tracing::error!(%error, "the accepting of connections ended abnormally");
            Workers::none()
        }
    }
}

const fn log_format(format: Format) -> log::Format {
    match format {
        Format::Json => log::Format::Json,
        Format::Text => log::Format::Text,
    }
}

fn kit(
    config: &Config,
    clock: &Arc<dyn Clock>,
    telemetry: &Arc<Telemetry>,
    shared: &Arc<Shared>,
    phases: &Arc<Phases>,
    store: Arc<Ways>,
) -> Kit {
    let about = Arc::new(about(config, &**clock));
    let (clock, telemetry, phase) = (clock.clone(), telemetry.clone(), phases.clone());
    let backends = config.backends.iter().map(|(name, backend)| {
        let options = client::Options {
            base_url: backend.base_url.clone(),
            timeout: backend.timeout,
            headers: backend.headers.clone(),
        };
        (name.clone(), options)
    });
    Kit {
        shared: shared.clone(),
        store,
        backends: Arc::new(backends.collect()),
        api: Arc::new(move |orchestrator| Api {
            orchestrator,
            clock: clock.clone(),
            telemetry: telemetry.clone(),
            phase: phase.clone(),
            about: about.clone(),
        }),
        connections: TaskTracker::new(),
        closing: CancellationToken::new(),
    }
}

/// Without a sweeper no flow would ever leave: one that panicked is followed by another.
async fn keep_sweeping(orchestrator: Arc<Orchestrator>, interval: Duration) {
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
    }
}
