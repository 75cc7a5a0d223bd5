//! Plants do what the theory of queues says of them.

use std::time::Duration;

use integrator_bench::laboratory::chance::{Chance, Stream};
use integrator_bench::laboratory::plant::{Jitter, Knee, Linear, Plant, Queue, Service};

const SEED: u64 = 11;
const CALLS: usize = 200_000;

/// The mean time that calls spend in a plant at which they arrive as a Poisson process.
fn mean_latency_s(plant: &mut dyn Plant, calls_per_s: f64) -> f64 {
    let mut chance = Chance::new(SEED, Stream::Arrivals);
    let gap = Duration::from_secs_f64(calls_per_s.recip());
    let (mut now, mut sum_s) = (Duration::ZERO, 0.0);
    let mut arrived = Vec::with_capacity(CALLS);
    for call in 0..CALLS {
        now += chance.exponential(gap);
        sum_s += until(plant, now, &arrived);
        arrived.push(now);
        plant.arrive(now, call, 1.0).expect("a queue with room");
    }
    sum_s += until(plant, Duration::MAX, &arrived);
    sum_s / CALLS as f64
}

/// Ends what is due, and tells the sum of the times that it spent there.
fn until(plant: &mut dyn Plant, now: Duration, arrived: &[Duration]) -> f64 {
    let mut sum_s = 0.0;
    while let Some(at) = plant.next_at().filter(|at| *at <= now) {
        let call = plant.end(1.0).expect("a call that is due");
        sum_s += (at - arrived[call]).as_secs_f64();
    }
    sum_s
}

/// Calls that a plant ends in a second while it is kept as full as this.
fn throughput(plant: &mut dyn Plant, held: usize) -> f64 {
    for call in 0..held {
        plant
            .arrive(Duration::ZERO, call, 1.0)
            .expect("a queue with room");
    }
    let mut now = Duration::ZERO;
    for call in 0..CALLS / 4 {
        now = plant.next_at().expect("work that is going on");
        plant.end(1.0).expect("a call that is due");
        plant.arrive(now, call, 1.0).expect("room for the next");
    }
    (CALLS / 4) as f64 / now.as_secs_f64()
}

fn service(mean_ms: u64, jitter: Jitter) -> Service {
    Service::new(Duration::from_millis(mean_ms), jitter, SEED)
}

fn close(measured: f64, expected: f64, tolerance: f64) {
    let off = (measured / expected - 1.0).abs();
    assert!(off < tolerance, "{measured} instead of {expected}");
}

#[test]
fn one_worker_has_the_mean_latency_of_a_markovian_queue() {
    let mut plant = Queue::new(1, usize::MAX, service(10, Jitter::Exponential));

    let latency_s = mean_latency_s(&mut plant, 70.0);

    // 1 / (service rate - arrival rate)
    close(latency_s, 1.0 / (100.0 - 70.0), 0.05);
}

#[test]
fn several_workers_have_the_mean_latency_that_erlang_found() {
    let (workers, load) = (4_u32, 3.2);
    let mut plant = Queue::new(4, usize::MAX, service(10, Jitter::Exponential));

    let latency_s = mean_latency_s(&mut plant, load * 100.0);

    let terms: Vec<f64> = (1..=workers)
        .scan(1.0, |term, n| {
            *term *= load / f64::from(n);
            Some(*term)
        })
        .collect();
    let busy = f64::from(workers) / (f64::from(workers) - load);
    let all_busy = terms[3] * busy;
    let waits = all_busy / (1.0 + terms[..3].iter().sum::<f64>() + all_busy);
    close(latency_s, 0.01 + waits / (400.0 - load * 100.0), 0.05);
}

#[test]
fn lognormal_times_wait_as_long_as_pollaczek_and_khinchine_say() {
    let variation = 0.5;
    let mut plant = Queue::new(1, usize::MAX, service(10, Jitter::Lognormal(variation)));

    let latency_s = mean_latency_s(&mut plant, 70.0);

    let waits_s = 0.7 * (1.0 + variation * variation) / 2.0 * 0.01 / (1.0 - 0.7);
    close(latency_s, 0.01 + waits_s, 0.05);
}

#[test]
fn a_full_queue_ends_as_many_calls_as_its_workers_can() {
    let mut plant = Queue::new(15, 2000, service(50, Jitter::Lognormal(0.5)));

    let per_s = throughput(&mut plant, 1000);

    close(per_s, 300.0, 0.02);
}

#[test]
fn beyond_its_knee_a_queue_ends_fewer_calls() {
    let knee = Knee {
        calls: 90,
        slowest: 5.0,
    };
    let plant = || Queue::new(15, 2000, service(50, Jitter::Lognormal(0.5))).with_knee(knee);

    let [at_knee, twice, beyond] = [90, 180, 1800].map(|held| throughput(&mut plant(), held));

    close(at_knee, 300.0, 0.02);
    close(twice, 150.0, 0.02);
    close(beyond, 60.0, 0.02);
}

#[test]
fn the_latency_of_a_linear_plant_grows_by_the_same_with_each_call() {
    let plant = || Linear::new(service(50, Jitter::None), 1.0 / 15.0);

    let [alone, full] = [1, 61].map(|held| held as f64 / throughput(&mut plant(), held));

    close(alone, 0.05, 0.01);
    close(full, 0.05 * (1.0 + 60.0 / 15.0), 0.01);
}

#[test]
fn a_plant_that_holds_all_it_can_takes_no_more() {
    let mut plant = Queue::new(1, 2, service(10, Jitter::None));

    let taken: Vec<bool> = (0..3)
        .map(|call| plant.arrive(Duration::ZERO, call, 1.0).is_ok())
        .collect();

    assert_eq!(taken, [true, true, false]);
}
