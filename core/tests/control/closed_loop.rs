//! The law before a queue of its own making: the loop is closed.

use std::collections::VecDeque;
use std::time::Duration;

use integrator_core::control::law::{Call, End, Law, Options};

use crate::world::defaults;

/// What the last half of a run came to.
struct Outcome {
    answered_tps: f64,
    latency_ms: f64,
}

/// A backend that works on one call at a time, `capacity` a second, under `asked` starts a second.
fn run(options: Options, capacity: f64, asked: f64, lasts: Duration) -> Outcome {
    let mut law = Law::new(options, Duration::ZERO);
    let service = Duration::from_secs_f64(1.0 / capacity);
    let gap = Duration::from_secs_f64(1.0 / asked);
    let mut queue: VecDeque<(Duration, Duration, Call)> = VecDeque::new();
    let (mut now, mut idle_at) = (Duration::ZERO, Duration::ZERO);
    let (mut answered, mut latency_ms) = (0.0, 0.0);
    while now < lasts {
        now += gap;
        while let Some((due, sent, call)) = queue.pop_front_if(|(due, _, _)| *due <= now) {
            law.ended(due, call, End::Answered);
            if due >= lasts / 2 {
                answered += 1.0;
                latency_ms += (due - sent).as_secs_f64() * 1e3;
            }
        }
        if law.admit(now).is_ok() {
            idle_at = idle_at.max(now) + service;
            queue.push_back((idle_at, now, law.sent(now)));
        }
    }
    Outcome {
        answered_tps: answered / (lasts / 2).as_secs_f64(),
        latency_ms: latency_ms / answered,
    }
}

/// The set point is held to a half: the mean of what swings around it.
#[test]
fn a_queue_of_any_capacity_is_kept_busy_near_the_target() {
    for capacity in [10.0, 30.0, 100.0, 300.0, 1000.0] {
        let options = Options {
            rate_max_tps: 3.0 * capacity,
            burst_max_tokens: capacity,
            ..defaults()
        };

        let outcome = run(options, capacity, 5.0 * capacity, Duration::from_secs(80));

        let kept_busy = outcome.answered_tps / capacity;
        assert!(kept_busy > 0.95, "{kept_busy} of {capacity}");
        let latency_ms = outcome.latency_ms;
        assert!(
            (100.0..300.0).contains(&latency_ms),
            "{latency_ms} ms at {capacity}"
        );
    }
}
