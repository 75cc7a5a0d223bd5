//! The composition root: from a configuration to a running service.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{About, Api, Listener};
use crate::backend::client;
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Format, StoreKind};
use crate::entropy::SystemEntropy;
use crate::listen::{accept, bind};
use crate::orchestrator::{Orchestrator, Shared};
use crate::phase::Phases;
use crate::shutdown::{self, Running, Signals};
use crate::store::timed::TimedStore;
use crate::store::{self, FlowStore};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::{Telemetry, log};
use crate::workers::{Arrival, Kit, StartError, Workers};

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
    for warning in config
        .warnings
        .iter()
        .map(String::as_str)
        .chain(catalog.warnings().iter().map(String::as_str))
    {
        tracing::warn!(warning, "configuration");
    }
    let metrics = Arc::new(Metrics::new()?);
    let telemetry = Arc::new(Telemetry::new(metrics.clone(), config.log.artifacts));
    let store = timed_store(config, &clock, &metrics);
    let shared = Arc::new(Shared::new(
        store,
        Arc::new(catalog),
        clock.clone(),
        Arc::new(SystemEntropy),
        telemetry.clone(),
    ));
    let phases = Arc::new(Phases::default());
    let kit = kit(config, &clock, &telemetry, &shared, &phases);
    let control = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let workers = control.block_on(async {
        let listeners = Listeners::bind(config)?;
        let signals = Signals::listen()?;
        let cores = std::thread::available_parallelism()?.get();
        let workers = Workers::start(cores, &kit)?;
        Ok::<_, ServeError>(until_stopped(config, listeners, signals, workers, &kit, &phases).await)
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
    mut signals: Signals,
    workers: Workers,
    kit: &Kit,
    phases: &Phases,
) -> Workers {
    let accepting = CancellationToken::new();
    let accepted = tokio::spawn(accept_all(listeners, workers, accepting.clone()));
    let sweeper = Orchestrator::new(kit.shared.clone(), HashMap::new());
    let sweeping = tokio::spawn(sweep_forever(sweeper, config.flows.sweep_interval));
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

fn timed_store(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Arc<dyn FlowStore> {
    let options = match config.store.kind {
        StoreKind::Memory => store::Options::Memory {
            max_flows: config.flows.max,
            max_bytes: config.flows.max_bytes,
        },
    };
    let store = store::open(options, clock.clone());
    let metrics = metrics.clone();
    let timer = move |kind: &'static str, operation: &'static str, took| {
        metrics.store_operation(kind, operation, took);
    };
    Arc::new(TimedStore::new(store, clock.clone(), Box::new(timer)))
}

fn kit(
    config: &Config,
    clock: &Arc<dyn Clock>,
    telemetry: &Arc<Telemetry>,
    shared: &Arc<Shared>,
    phases: &Arc<Phases>,
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

fn about(config: &Config, clock: &dyn Clock) -> About {
    let backend = config.backends.get("default");
    About {
        backend_base_url: backend
            .map(|backend| backend.base_url.as_str().to_owned())
            .unwrap_or_default(),
        build_sha256: config.build_sha256.clone().or_else(|| own_digest().ok()),
        started: clock.monotonic(),
    }
}

/// SHA-256 of the program file that runs.
fn own_digest() -> io::Result<String> {
    let mut program = File::open(std::env::current_exe()?)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; 1024 * 1024];
    loop {
        let read = program.read(&mut chunk)?;
        if read == 0 {
            let bytes = digest.finalize();
            return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(chunk.get(..read).unwrap_or_default());
    }
}

/// The sockets that are listened on.
struct Listeners {
    main: TcpListener,
    ops: Option<TcpListener>,
    places: Arc<Semaphore>,
}

impl Listeners {
    fn bind(config: &Config) -> Result<Self, ServeError> {
        let main = bind_or_say(config.server.listen, "server.listen")?;
        let ops = config
            .ops
            .listen
            .map(|address| bind_or_say(address, "ops.listen"))
            .transpose()?;
        let ops_address = ops.as_ref().and_then(|listener| listener.local_addr().ok());
        tracing::info!(
            address = %main.local_addr()?,
            ops = ops_address.map(|address| address.to_string()),
            version = env!("CARGO_PKG_VERSION"),
            "listening"
        );
        Ok(Self {
            main,
            ops,
            places: Arc::new(Semaphore::new(most_connections())),
        })
    }
}

fn bind_or_say(address: SocketAddr, setting: &'static str) -> Result<TcpListener, ServeError> {
    bind(address).map_err(|cause| ServeError::Bind {
        address,
        setting,
        cause,
    })
}

/// Half of the files that the process may open: each connection may need one to a backend.
fn most_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let half = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX) / 2
    });
    half.saturating_sub(16).clamp(8, 65_536)
}

async fn accept_all(
    listeners: Listeners,
    mut workers: Workers,
    until: CancellationToken,
) -> Workers {
    let Listeners { main, ops, places } = listeners;
    let product = if ops.is_some() {
        Listener::Product
    } else {
        Listener::Whole
    };
    let (sender, mut arrivals) = mpsc::channel(1);
    let ops = ops.map(|listener| (listener, Listener::Operator));
    for (listener, kind) in ops.into_iter().chain([(main, product)]) {
        let (sender, places, until) = (sender.clone(), places.clone(), until.clone());
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = accept(&listener, &places) => accepted,
                    () = until.cancelled() => return,
                };
                if sender
                    .send(Arrival {
                        accepted,
                        listener: kind,
                    })
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
    }
    drop(sender);
    while let Some(arrival) = arrivals.recv().await {
        workers.hand(arrival).await;
    }
    workers
}

async fn sweep_forever(orchestrator: Orchestrator, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(failure) = orchestrator.sweep().await {
            tracing::error!(cause = ?failure.kind, "a sweep ended early");
        }
    }
}
