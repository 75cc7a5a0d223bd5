//! The service, put together as it is in `serve`, but for clock, randomness and backend.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::admission::options::Options as Admission;
use appattest_integrator::api::{self, About, Api, Listener};
use appattest_integrator::backend::base_url::BaseUrl;
use appattest_integrator::backend::client::{self, BackendClient};
use appattest_integrator::catalog::{Catalog, Catalogs};
use appattest_integrator::clock::{Clock, ManualClock};
use appattest_integrator::listen::{accept, bind, converse};
use appattest_integrator::orchestrator::{MostWatchers, Orchestrator, Shared, Swept};
use appattest_integrator::phase::Phases;
use appattest_integrator::store::FlowStore;
use appattest_integrator::store::timed::TimedStore;
use appattest_integrator::telemetry::Telemetry;
use appattest_integrator::telemetry::metrics::Metrics;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::client::{Client, Reply, Request};
use super::entropy::SeededEntropy;
use super::gates::gates_of;
use super::store::{Faults, FaultyStore};
use super::stores::{Kind, Place};

/// What a test may choose.
pub(crate) struct Setup {
    pub(crate) protocols: Vec<String>,
    pub(crate) default: &'static str,
    /// In place of the kind that this run is over.
    pub(crate) store: Option<Kind>,
    pub(crate) max_flows: u64,
    pub(crate) max_bytes: u64,
    pub(crate) backend_timeout: Duration,
    pub(crate) backend_headers: Vec<(String, String)>,
    /// In place of the scripted backend's.
    pub(crate) base_url: Option<String>,
    pub(crate) listener: Listener,
    pub(crate) most_watchers: MostWatchers,
    pub(crate) log_artifacts: bool,
    /// How requests are held back to spare the backend; `None`: they are not.
    pub(crate) admission: Option<Admission>,
    pub(crate) seed: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            protocols: Vec::new(),
            default: "app-attest",
            store: None,
            max_flows: 1000,
            max_bytes: 1 << 30,
            backend_timeout: Duration::from_secs(3),
            backend_headers: Vec::new(),
            base_url: None,
            listener: Listener::Whole,
            most_watchers: MostWatchers {
                callers: 32,
                operators: 32,
            },
            log_artifacts: false,
            admission: None,
            seed: 1,
        }
    }
}

impl Setup {
    /// With one protocol besides the compiled-in one, which a start runs by default.
    pub(crate) fn protocol(text: impl Into<String>) -> Self {
        Self {
            protocols: vec![text.into()],
            default: "example",
            ..Self::default()
        }
    }

    pub(crate) async fn start(self) -> Service {
        Service::with(self).await
    }
}

/// A running service with everything around it.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) backend: Backend,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) place: Arc<Place>,
    pub(crate) store: Arc<dyn FlowStore>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) orchestrator: Arc<Orchestrator>,
    pub(crate) phases: Arc<Phases>,
    pub(crate) closing: CancellationToken,
}

/// What the clock shows when a service starts.
pub(crate) const STARTED: &str = "2026-01-17T12:00:00Z";
/// The body of a start that App Attest takes.
pub(crate) const START: &str =
    r#"{"keyID_base64":"a2V5","attestationObject_base64":"YXR0","verifyRunID":"run-7"}"#;
/// The body of an assertion that App Attest takes.
pub(crate) const ASSERT: &str = r#"{"assertionObject_base64":"YXNz"}"#;

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let clock = Arc::new(ManualClock::at(STARTED.parse().expect("a time")));
        let faults = Arc::<Faults>::default();
        let metrics = Arc::new(Metrics::new().expect("metrics"));
        let kind = setup.store.unwrap_or_else(Kind::of_this_run);
        let place = Place::empty(kind, setup.max_flows, setup.max_bytes);
        let store = store(&place, &clock, &faults, &metrics).await;
        Self::over(setup, (Arc::new(place), store), clock, faults, metrics).await
    }

    /// Another process over the same store: what it has in memory it does not share.
    pub(crate) async fn beside(&self, setup: Setup) -> Self {
        let metrics = Arc::new(Metrics::new().expect("metrics"));
        let store = (self.place.clone(), self.store.clone());
        let clock = self.clock.clone();
        Self::over(setup, store, clock, self.faults.clone(), metrics).await
    }

    async fn over(
        setup: Setup,
        (place, store): (Arc<Place>, Arc<dyn FlowStore>),
        clock: Arc<ManualClock>,
        faults: Arc<Faults>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let backend = Backend::start().await;
        let catalog = catalog(&setup.protocols, setup.default);
        metrics.protocols_loaded(catalog.iter().map(|protocol| &**protocol), clock.wall());
        metrics.flows_max(setup.max_flows);
        let telemetry = Arc::new(Telemetry::new(metrics, setup.log_artifacts));
        let shared = Arc::new(Shared::new(
            Arc::new(Catalogs::new(catalog)),
            clock.clone(),
            Arc::new(SeededEntropy::new(setup.seed)),
            telemetry.clone(),
            setup.most_watchers,
            gates_of(setup.admission.as_ref(), &clock),
        ));
        let base_url = setup.base_url.clone();
        let base_url = base_url.unwrap_or_else(|| format!("http://{}", backend.address));
        let options = client::Options {
            base_url: BaseUrl::parse(&base_url).expect("a base URL"),
            timeout: setup.backend_timeout,
            headers: setup.backend_headers.clone(),
        };
        let client = BackendClient::new(&options).expect("a client");
        let backends = HashMap::from([("default".to_owned(), client)]);
        let orchestrator = Arc::new(Orchestrator::new(shared.clone(), store.clone(), backends));
        let phases = Arc::<Phases>::default();
        let api = Api {
            orchestrator: orchestrator.clone(),
            clock: clock.clone(),
            telemetry,
            phase: phases.clone(),
            about: Arc::new(About {
                backend_base_url: "http://backend.test".to_owned(),
                build_sha256: Some("00ff".to_owned()),
                started: clock.monotonic(),
            }),
        };
        let closing = CancellationToken::new();
        let address = serve(api, setup.listener, closing.clone());
        Self {
            address,
            backend,
            clock,
            faults,
            place,
            store,
            shared,
            orchestrator,
            phases,
            closing,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Asks on a connection of its own.
    pub(crate) async fn ask(&self, request: Request) -> Reply {
        self.connect().await.ask(&request).await
    }

    pub(crate) async fn get(&self, path: impl Into<String>) -> Reply {
        self.ask(Request::get(path)).await
    }

    pub(crate) async fn post(&self, path: impl Into<String>, body: impl AsRef<[u8]>) -> Reply {
        self.ask(Request::post(path, body)).await
    }

    /// Waits for whatever goes on behind the back of those who were answered.
    pub(crate) async fn steps_end(&self) {
        while !self.shared.steps.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Puts other protocols besides the compiled-in one in the place of those in use.
    pub(crate) fn reload(&self, protocols: &[String]) {
        let next = catalog(protocols, "app-attest");
        self.shared.catalogs.replace(next, self.clock.wall());
    }

    pub(crate) async fn sweep(&self) -> Swept {
        self.orchestrator.sweep().await.expect("the store answers")
    }

    /// A request under way, so that the test can go on meanwhile.
    pub(crate) fn send(&self, request: Request) -> tokio::task::JoinHandle<Reply> {
        let address = self.address;
        tokio::spawn(async move { Client::connect(address).await.ask(&request).await })
    }

    pub(crate) fn send_step(
        &self,
        handle: &str,
        step: &str,
        body: impl AsRef<[u8]>,
    ) -> tokio::task::JoinHandle<Reply> {
        self.send(Request::post(format!("/v1/flows/{handle}/{step}"), body))
    }

    /// The sample of a metric, by its name and labels as they are written; 0 where there is none.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let reply = self.get("/metrics").await;
        let line = reply.text().lines().find_map(|line| {
            let value = line.strip_prefix(sample)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        line.unwrap_or(0.0)
    }
}

fn catalog(protocols: &[String], default: &str) -> Catalog {
    let directory = tempfile::tempdir().expect("a folder");
    for (number, text) in protocols.iter().enumerate() {
        let file = directory.path().join(format!("{number}.toml"));
        fs::write(file, text).expect("written");
    }
    Catalog::load(Some(directory.path()), default).unwrap_or_else(|problems| panic!("{problems}"))
}

async fn store(
    place: &Place,
    clock: &Arc<ManualClock>,
    faults: &Arc<Faults>,
    metrics: &Arc<Metrics>,
) -> Arc<dyn FlowStore> {
    let inner = place.open(clock.clone()).way();
    inner.prepare().await.expect("the store is ready");
    let faulty = FaultyStore {
        inner,
        faults: faults.clone(),
    };
    let metrics = metrics.clone();
    let timer = move |kind: &'static str, operation: &'static str, took| {
        metrics.store_operation(kind, operation, took);
    };
    Arc::new(TimedStore::new(
        Arc::new(faulty),
        clock.clone(),
        Box::new(timer),
    ))
}

fn serve(api: Api, kind: Listener, closing: CancellationToken) -> SocketAddr {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = bind(free).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = api::router(api, kind);
    let places = Arc::new(Semaphore::new(256));
    tokio::spawn(async move {
        loop {
            let accepted = accept(&listener, &places).await;
            tokio::spawn(converse(accepted, router.clone(), closing.clone()));
        }
    });
    address
}
