//! Load from many callers, while processes and the store are killed and stopped at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::audit::audit;
use super::backend::{Backend, Weather};
use super::clients::{Caller, Flow, World};
use super::fleet::Fleet;
use super::ledger::{Book, Ledger};
use super::numbers::{Random, Sizes, micros};
use super::protocol::LEASE_MS;
use super::site::{Kind, Site};

/// How long the callers of a storm may take altogether, beyond what each flow may.
const PATIENCE: Duration = Duration::from_secs(150);

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Kill,
    KillAll,
    Stop,
    KillStore,
}

/// What each storm has at least; then whatever comes.
const AT_LEAST: [Blow; 8] = [
    Blow::Kill,
    Blow::Kill,
    Blow::Kill,
    Blow::KillAll,
    Blow::Stop,
    Blow::Stop,
    Blow::KillStore,
    Blow::KillStore,
];

/// What callers and the weather know of each other.
#[derive(Default)]
struct Sky {
    next: AtomicU64,
    has_struck: AtomicBool,
}

/// Runs a storm over a store of its own, until so many flows have come to their end.
pub(crate) async fn storm(kind: Kind, seed: u64, sizes: Sizes) -> Ledger {
    let book = Book::default();
    let backend = Backend::start(book.clone(), Weather::Rough(seed)).await;
    let site = Site::start(kind).await;
    let place = site.place().await;
    let stores = vec![place.environment(); kind.processes()];
    let fleet = Fleet::start(book.clone(), backend.address, stores).await;
    let world = World { fleet, book };
    let sky = Arc::new(Sky::default());
    let until = Instant::now() + PATIENCE + Duration::from_secs(sizes.flows);

    let mut callers = JoinSet::new();
    for _ in 0..sizes.clients {
        callers.spawn(call_on(
            world.clone(),
            sky.clone(),
            seed,
            sizes.flows,
            until,
        ));
    }
    let weather = strike(world.clone(), site, sky.clone(), seed, sizes.flows);
    let weather = tokio::spawn(weather);
    while let Some(ended) = callers.join_next().await {
        ended.expect("a caller comes to an end");
    }
    weather.await.expect("the weather comes to an end");
    audit(&world).await;
    world.book.open().clone()
}

/// One caller after the other, until there were enough and every blow was struck.
async fn call_on(world: World, sky: Arc<Sky>, seed: u64, flows: u64, until: Instant) {
    loop {
        let number = sky.next.fetch_add(1, Ordering::SeqCst);
        let is_enough = number >= flows && sky.has_struck.load(Ordering::SeqCst);
        if is_enough || Instant::now() >= until {
            return;
        }
        let mut random = Random::of(seed, "caller", number);
        let name = number.to_string();
        let flow = match random.between(0, 99) {
            0..15 => Flow::unkeyed(&name),
            15..35 => Flow::keyed(&name, true),
            _ => Flow::keyed(&name, false),
        };
        let caller = Caller {
            world: world.clone(),
            flow,
            random,
            until,
        };
        caller.drive().await;
    }
}

/// Strikes until enough flows have begun and every blow was struck; the last flows end in peace.
async fn strike(world: World, site: Site, sky: Arc<Sky>, seed: u64, flows: u64) {
    let mut random = Random::of(seed, "weather", 0);
    let mut due = AT_LEAST.to_vec();
    while !due.is_empty() || sky.next.load(Ordering::SeqCst) < flows {
        sleep(Duration::from_millis(random.between(200, 1000))).await;
        let blow = if due.is_empty() {
            *AT_LEAST
                .get(random.below(AT_LEAST.len()))
                .expect("it is below the length")
        } else {
            due.swap_remove(random.below(due.len()))
        };
        let slot = random.below(world.fleet.len());
        match blow {
            Blow::Kill => {
                world.fleet.kill(slot);
                sleep(Duration::from_millis(random.between(0, 400))).await;
            }
            Blow::KillAll => {
                for slot in 0..world.fleet.len() {
                    world.fleet.kill(slot);
                }
            }
            Blow::Stop => {
                world.fleet.stop(slot);
                // Leases end in real time: others take the flows over before this one goes on.
                let beyond = LEASE_MS + random.between(100, 700);
                sleep(Duration::from_millis(beyond)).await;
                world.fleet.go_on(slot);
            }
            Blow::KillStore => {
                if site.is_server() {
                    world.book.open().store_kills.push(micros());
                    site.restart().await;
                }
            }
        }
        world.fleet.recover().await;
        if due.is_empty() {
            sky.has_struck.store(true, Ordering::SeqCst);
        }
    }
}
