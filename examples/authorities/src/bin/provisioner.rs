//! A provisioner: machines with a network and a volume out of pools that run out. Work is done by
//! ticks on a route of its own, so that whoever watches decides when time passes.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, conflict, ok, refused, unknown};
use integrator_authorities::idempotency::{Answers, once};
use integrator_authorities::{fresh, listen};
use serde::Deserialize;
use serde_json::{Value, json};

/// The images that boot.
const IMAGES: [&str; 2] = ["alpine-3", "debian-13"];

/// A provisioner for trying protocols. Machines are kept in memory.
#[derive(Parser)]
#[command(name = "provisioner", version)]
struct Flags {
    #[command(flatten)]
    listen: listen::Listen,
    #[command(flatten)]
    pools: Pools,
}

/// What is left to give.
#[derive(clap::Args, Clone, Copy)]
struct Pools {
    /// Machines that may be there at a time
    #[arg(long, value_name = "N", default_value_t = 8)]
    machines: u32,
    /// Networks to give
    #[arg(long, value_name = "N", default_value_t = 8)]
    networks: u32,
    /// Gigabytes of volumes to give
    #[arg(long, value_name = "GB", default_value_t = 100)]
    volume_gb: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Preparing,
    Prepared,
    Booting,
    Running,
    Failed(&'static str),
    RollingBack,
    RolledBack,
}

struct Machine {
    image: String,
    volume_gb: u32,
    network: Option<String>,
    volume: Option<String>,
    status: Status,
}

struct Site {
    pools: Pools,
    machines: BTreeMap<String, Machine>,
}

type Shared = State<Arc<Mutex<Site>>>;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let site = Site {
        pools: flags.pools,
        machines: BTreeMap::new(),
    };
    let routes = Router::new()
        .route("/machines", post(create))
        .route("/machines/{id}", get(show))
        .route("/machines/{id}/boot", post(boot))
        .route("/machines/{id}/rollback", post(rollback))
        .route("/tick", post(tick))
        .route("/pools", get(pools))
        .with_state(Arc::new(Mutex::new(site)))
        .layer(from_fn_with_state(Answers::judging_refusals_anew(), once));
    listen::run(flags.listen, routes)
}

fn locked(site: &Mutex<Site>) -> MutexGuard<'_, Site> {
    site.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
struct Creation {
    image: String,
    #[serde(rename = "volumeGB", default = "volume_gb")]
    volume_gb: u32,
}

fn volume_gb() -> u32 {
    10
}

async fn create(State(site): Shared, Asked(asked): Asked<Creation>) -> Answer {
    let mut site = locked(&site);
    let Some(left) = site.pools.machines.checked_sub(1) else {
        let body = json!({"status": "refused", "error": "NO_MACHINE_LEFT"});
        return (StatusCode::CONFLICT, Json(body));
    };
    site.pools.machines = left;
    let id = fresh::name("mac");
    let machine = Machine {
        image: asked.image,
        volume_gb: asked.volume_gb,
        network: None,
        volume: None,
        status: Status::Preparing,
    };
    let view = machine.view(&id);
    site.machines.insert(id, machine);
    (StatusCode::ACCEPTED, Json(view))
}

async fn show(State(site): Shared, Path(id): Path<String>) -> Answer {
    match locked(&site).machines.get(&id) {
        Some(machine) => ok(machine.view(&id)),
        None => unknown("machine", &id),
    }
}

#[derive(Deserialize)]
struct Boot {
    #[serde(rename = "networkID")]
    network: String,
    #[serde(rename = "volumeID")]
    volume: String,
}

async fn boot(State(site): Shared, Path(id): Path<String>, Asked(asked): Asked<Boot>) -> Answer {
    let mut site = locked(&site);
    let Some(machine) = site.machines.get_mut(&id) else {
        return unknown("machine", &id);
    };
    if machine.status != Status::Prepared {
        return machine.conflict(&id, "NOT_PREPARED");
    }
    let own = (machine.network.as_deref(), machine.volume.as_deref());
    if own != (Some(&asked.network), Some(&asked.volume)) {
        let detail = "the network and the volume must be those that were prepared";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "NOT_ITS_OWN", detail);
    }
    machine.status = Status::Booting;
    ok(machine.view(&id))
}

async fn rollback(State(site): Shared, Path(id): Path<String>) -> Answer {
    let mut site = locked(&site);
    let Some(machine) = site.machines.get_mut(&id) else {
        return unknown("machine", &id);
    };
    match machine.status {
        Status::Prepared | Status::Failed(_) => {
            machine.status = Status::RollingBack;
            ok(machine.view(&id))
        }
        Status::Preparing
        | Status::Booting
        | Status::Running
        | Status::RollingBack
        | Status::RolledBack => machine.conflict(&id, "NOTHING_TO_ROLL_BACK"),
    }
}

/// Every machine gets on by one piece of work.
async fn tick(State(site): Shared) -> Answer {
    let mut site = locked(&site);
    let Site { pools, machines } = &mut *site;
    for machine in machines.values_mut() {
        machine.work(pools);
    }
    ok(json!({}))
}

async fn pools(State(site): Shared) -> Answer {
    let Pools {
        machines,
        networks,
        volume_gb,
    } = locked(&site).pools;
    ok(json!({"machines": machines, "networks": networks, "volumeGB": volume_gb}))
}

impl Machine {
    fn work(&mut self, pools: &mut Pools) {
        self.status = match self.status {
            Status::Preparing => self.prepare(pools),
            Status::Booting if IMAGES.contains(&self.image.as_str()) => Status::Running,
            Status::Booting => Status::Failed("IMAGE_UNKNOWN"),
            Status::RollingBack => self.give_back(pools),
            Status::Prepared | Status::Running | Status::Failed(_) | Status::RolledBack => {
                self.status
            }
        };
    }

    /// First the network, then the volume.
    fn prepare(&mut self, pools: &mut Pools) -> Status {
        if self.network.is_none() {
            let Some(left) = pools.networks.checked_sub(1) else {
                return Status::Failed("NO_NETWORK_LEFT");
            };
            pools.networks = left;
            self.network = Some(fresh::name("net"));
            return Status::Preparing;
        }
        let Some(left) = pools.volume_gb.checked_sub(self.volume_gb) else {
            return Status::Failed("NO_SPACE_LEFT");
        };
        pools.volume_gb = left;
        self.volume = Some(fresh::name("vol"));
        Status::Prepared
    }

    /// In the reverse order; the machine's own place last.
    fn give_back(&mut self, pools: &mut Pools) -> Status {
        if self.volume.take().is_some() {
            pools.volume_gb += self.volume_gb;
            return Status::RollingBack;
        }
        if self.network.take().is_some() {
            pools.networks += 1;
            return Status::RollingBack;
        }
        pools.machines += 1;
        Status::RolledBack
    }

    fn view(&self, id: &str) -> Value {
        let (status, failure) = match self.status {
            Status::Preparing => ("preparing", None),
            Status::Prepared => ("prepared", None),
            Status::Booting => ("booting", None),
            Status::Running => ("running", None),
            Status::Failed(failure) => ("failed", Some(failure)),
            Status::RollingBack => ("rolling_back", None),
            Status::RolledBack => ("rolled_back", None),
        };
        let mut view = json!({"machineID": id, "status": status, "image": self.image});
        let told = [
            ("networkID", self.network.as_deref()),
            ("volumeID", self.volume.as_deref()),
            ("failure", failure),
        ];
        if let Value::Object(view) = &mut view {
            for (name, value) in told.into_iter().filter_map(|(name, v)| Some((name, v?))) {
                view.insert(name.to_owned(), json!(value));
            }
        }
        view
    }

    fn conflict(&self, id: &str, code: &str) -> Answer {
        conflict(self.view(id), code)
    }
}
