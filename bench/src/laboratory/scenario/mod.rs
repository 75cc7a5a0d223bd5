//! What is played: a plant, who comes when, and what goes wrong.
//!
//! A capacity is counted in flows a second; three calls are a flow. At capacity, the default target
//! of 200 ms is reached with as many calls in the backend as it ends in 200 ms (Little's law); knees
//! are counted in that number.

mod all;

use std::time::Duration;

pub use all::all;

use super::clients::Clients;
use super::load::Load;
use super::plant::{Backend, Disturbance, Jitter, Knee, Linear, Plant, Queue, Service};
use super::run::STEPS;

/// The coefficient of variation of service times.
const VARIATION: f64 = 0.5;
/// What the knees are counted in, in seconds of work at capacity.
const AT_TARGET_S: f64 = 0.2;
/// How many times as long work takes at worst beyond a knee.
const SLOWEST: f64 = 5.0;
/// How many seconds of work a backend takes in before it refuses connections.
const BACKLOG_S: f64 = 6.0;

/// Which plant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Latency grows with what it holds.
    Linear,
    /// A queue before workers.
    Queue,
    /// A queue that slows beyond a knee; how many times as many calls as at the target it holds
    /// before that.
    Collapsing(f64),
}

/// One thing that can be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How it is called.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The plant.
    pub kind: Kind,
    /// Flows per second that the plant can do.
    pub capacity: f64,
    /// What a call takes that is alone.
    pub alone: Duration,
    /// New users, as shares of the capacity, each until when in seconds.
    pub load: Vec<(u64, f64)>,
    /// When this many users come at once, in seconds.
    pub crowds: (Vec<u64>, usize),
    /// What goes wrong.
    pub disturbances: Vec<Disturbance>,
    /// The clients.
    pub clients: Clients,
    /// From when until when goodput is counted, in seconds.
    pub watched: (u64, u64),
    /// From when recovery is counted, in seconds.
    pub back_at: Option<u64>,
}

impl Scenario {
    /// The backend of a run.
    pub fn backend(&self, seed: u64) -> Backend {
        Backend::new(self.plant(seed), self.disturbances.clone(), seed)
    }

    /// Who comes when.
    pub fn load(&self) -> Load {
        let phase = |&(until, share)| (Duration::from_secs(until), share * self.capacity);
        let (moments, users) = &self.crowds;
        let moments = moments.iter().copied().map(Duration::from_secs);
        Load::new(self.load.iter().map(phase)).with_crowds(moments, *users)
    }

    /// The window in which goodput is counted.
    pub fn watched(&self) -> (Duration, Duration) {
        let (from, until) = self.watched;
        (Duration::from_secs(from), Duration::from_secs(until))
    }

    /// Calls per second that the plant can do.
    pub fn calls_per_s(&self) -> f64 {
        self.capacity * STEPS as f64
    }

    fn plant(&self, seed: u64) -> Box<dyn Plant> {
        let calls_per_s = self.calls_per_s();
        let service = |mean| Service::new(mean, Jitter::Lognormal(VARIATION), seed);
        // A small backend has few workers and slower ones, so that its capacity is met exactly.
        let workers = (calls_per_s * self.alone.as_secs_f64()).ceil().max(2.0);
        let mean = Duration::from_secs_f64(workers / calls_per_s);
        let queue = || {
            let most = count(calls_per_s * BACKLOG_S);
            Queue::new(count(workers), most, service(mean))
        };
        match self.kind {
            // A plant that shares itself ends at most 1 / (growth * alone) calls a second.
            Kind::Linear => {
                let growth = 1.0 / (calls_per_s * self.alone.as_secs_f64());
                Box::new(Linear::new(service(self.alone), growth))
            }
            Kind::Queue => Box::new(queue()),
            Kind::Collapsing(knee) => Box::new(queue().with_knee(Knee {
                calls: count(calls_per_s * AT_TARGET_S * knee),
                slowest: SLOWEST,
            })),
        }
    }
}

/// A number of things, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and at least 1; plants are far smaller than what would not fit"
)]
fn count(number: f64) -> usize {
    number.round().max(1.0) as usize
}
