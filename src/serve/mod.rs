//! The composition root: from a configuration to a running service.

mod about;
mod listeners;
mod reload;
mod store;
mod sweeping;
mod told;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::about::about;
use self::listeners::Listeners;
use self::reload::Reloading;
pub use self::store::store_options;
use self::store::{Ways, keep_ready, reach, ways};
use self::sweeping::keep_sweeping;
use self::told::Told;
use crate::admission::Gates;
use crate::api::Api;
use crate::audit::{self, Audit};
use crate::backend::client;
use crate::catalog::{Catalog, Catalogs};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::entropy::SystemEntropy;
use crate::orchestrator::event::Observer;
use crate::orchestrator::{Orchestrator, Shared};
use crate::phase::Phases;
use crate::shutdown::{self, Hangups, Running, Signals};
use crate::store::FlowStore;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::{Telemetry, log, traces};
use crate::workers::{Kit, StartError, Workers};

/// The service could not be started.
#[derive(Debug, Error)]
enum ServeError {
    #[error(transparent)]
    Log(#[from] log::SetupError),
    #[error("traces cannot be sent: {0}")]
    Traces(#[from] traces::SetupError),
    #[error("the metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("cannot listen on {address}: {cause}. Choose another address with {setting}.")]
    Bind {
        address: SocketAddr,
        setting: &'static str,
        cause: io::Error,
    },
    #[error(transparent)]
    Audit(#[from] audit::OpenError),
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
    let metrics = Arc::new(Metrics::new()?);
    let told = Told::begin(config, &clock, &metrics)?;
    reload::each_of(&config.warnings, |warning| {
        tracing::warn!(warning, "configuration");
    });
    metrics.protocols_loaded(catalog.iter().map(|protocol| &**protocol), clock.wall());
    metrics.flows_max(config.flows.max);
    let telemetry = Arc::new(Telemetry::new(metrics.clone(), config.log.artifacts));
    let store = ways(config, &clock, &metrics).map_err(ServeError::Store)?;
    let stream = audit_stream(config, &clock, &metrics)?;
    let audit = stream.as_ref().map(audit::Stream::audit);
    let gates = Arc::new(gates(config, &clock));
    let shared = Arc::new(Shared::new(
        Arc::new(Catalogs::new(catalog)),
        clock.clone(),
        Arc::new(SystemEntropy),
        observers(&telemetry, audit.as_ref()),
        listeners::most_watchers(),
        gates,
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
        listeners.announce(config)?;
        if let Some(audit) = &audit {
            audit.started();
        }
        Ok::<_, ServeError>(
            until_stopped(
                config,
                listeners,
                signals,
                workers,
                &kit,
                &phases,
                Tended {
                    store,
                    metrics,
                    audit,
                    told: &told,
                },
            )
            .await,
        )
    })?;
    if kit.connections.is_empty() && kit.shared.steps.is_empty() {
        workers.join();
    }
    if let Some(stream) = stream {
        stream.stop();
    }
    Ok(())
}

/// The audit stream, where one is configured.
fn audit_stream(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Option<audit::Stream>, audit::OpenError> {
    let open = |path: &PathBuf| {
        let options = audit::Options {
            path: path.clone(),
            waiting_max: audit::WAITING_MAX,
        };
        audit::Stream::open(options, clock.clone(), metrics.clone())
    };
    config.log.audit.as_ref().map(open).transpose()
}

/// The gates in front of the backends; none where admission control is off.
fn gates(config: &Config, clock: &Arc<dyn Clock>) -> Gates {
    let backends = config.backends.keys().map(String::as_str);
    config
        .admission
        .as_ref()
        .map_or_else(Gates::none, |options| Gates::new(options, backends, clock))
}

/// Whoever is told what happens to flows.
fn observers(telemetry: &Arc<Telemetry>, audit: Option<&Arc<Audit>>) -> Arc<dyn Observer> {
    let mut observers: Vec<Arc<dyn Observer>> = vec![telemetry.clone()];
    if let Some(audit) = audit {
        observers.push(audit.clone());
    }
    Arc::new(observers)
}

/// What is looked after, and what is told, while the service runs.
struct Tended<'a> {
    store: Arc<dyn FlowStore>,
    metrics: Arc<Metrics>,
    audit: Option<Arc<Audit>>,
    told: &'a Told,
}

/// Accepts, sweeps and waits for the signal; then stops in order.
async fn until_stopped(
    config: &Config,
    listeners: Listeners,
    (mut signals, hangups): (Signals, Hangups),
    workers: Workers,
    kit: &Kit,
    phases: &Arc<Phases>,
    tended: Tended<'_>,
) -> Workers {
    let Tended {
        store,
        metrics,
        audit,
        told,
    } = tended;
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
        audit,
    };
    let reloading = tokio::spawn(reloading.at_each(hangups));
    let tending = tokio::spawn(keep_ready(store, metrics));
    let owning_up = tokio::spawn(told.own_up());
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
    owning_up.abort();
    // A second signal still ends the process at once.
    told.end().await;
    match accepted.await {
        Ok(workers) => workers,
        Err(error) => {
            tracing::error!(%error, "the accepting of connections ended abnormally");
            Workers::none()
        }
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
