//! What a gate costs before a backend that is well, nearly well, or well again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use integrator_core::control::law::{Call, End, Law, Options};
use integrator_core::control::pid::Gains;
use proptest::prelude::*;

use crate::world::{DEADLINE, Traffic, World, defaults};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Within these bounds: over one second Little's law reads too high while the rate grows and
    /// a call takes longer than that. The slowest way is by the proportional term: it leads the
    /// integral in 5 s, and lags by what admissions are averaged over.
    #[test]
    fn a_gate_before_a_quick_backend_under_demand_opens(
        target_ms in 50.0..2000.0_f64, share in 0.01..0.5_f64, kp in 0.2..2.0_f64,
        ki in 0.0..0.5_f64, kd in 0.0..0.5_f64, alpha in 0.01..=1.0_f64,
        period_ms in 50..2000_u64, floor in 0.05..5.0_f64, times in 1.0..20.0_f64,
    ) {
        let options = Options {
            target_ms,
            ewma_alpha: alpha,
            gains: Gains { kp, ki, kd },
            period: Duration::from_millis(period_ms),
            rate_min_tps: floor,
            rate_max_tps: floor * times,
            burst_max_tokens: 50.0,
        };
        let pressing = Traffic {
            asked_tps: 100,
            latency: Duration::from_secs_f64(share * target_ms / 1e3),
            answered: true,
        };
        let rise = (1.0 + 0.4 * kp * (1.0 - share) * target_ms / 200.0).min(1.5);
        let steps = 10.0 + 6.0 * times.ln() / rise.ln();
        let longest = (3.0 / floor).max(5.0).max(pressing.latency.as_secs_f64());
        let mut world = World::new(options);

        for _ in 0..20 {
            if world.read().rate_tps == options.rate_max_tps {
                break;
            }
            world.traffic(Duration::from_secs_f64(steps * longest / 20.0), pressing);
        }

        prop_assert_eq!(world.read().rate_tps, options.rate_max_tps);
    }
}

/// A backend whose calls go wrong one in so many: the others take 20 ms.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Hangs,
    Fails,
    TakesASecond,
}

/// The share of starts that are refused while one in so many goes wrong, evenly spread.
fn refused_share(asked_tps: u32, one_in: u32, wrong: Wrong) -> f64 {
    let mut law = Law::new(defaults(), Duration::ZERO);
    let mut underway = Underway::default();
    let (mut now, mut refused, mut asked) = (Duration::ZERO, 0_u32, 0_u32);
    while now < Duration::from_secs(240) {
        now += Duration::from_secs(1) / asked_tps;
        underway.end(&mut law, now);
        let counts = now > Duration::from_secs(60);
        asked += u32::from(counts);
        if law.admit(now).is_ok() {
            let (lasts, end) = match wrong {
                _ if underway.made % one_in != one_in - 1 => (20, End::Answered),
                Wrong::Hangs => (3000, End::Unanswered { deadline: DEADLINE }),
                Wrong::Fails => (1, End::Unanswered { deadline: DEADLINE }),
                Wrong::TakesASecond => (1000, End::Answered),
            };
            let call = law.sent(now);
            underway.begin(now + Duration::from_millis(lasts), call, end);
        } else {
            refused += u32::from(counts);
        }
    }
    f64::from(refused) / f64::from(asked)
}

/// Calls by the time at which they end.
#[derive(Default)]
struct Underway {
    made: u32,
    ends: BinaryHeap<Reverse<(Duration, u32)>>,
    calls: std::collections::BTreeMap<u32, (Call, End)>,
}

impl Underway {
    fn begin(&mut self, ends: Duration, call: Call, end: End) {
        self.ends.push(Reverse((ends, self.made)));
        self.calls.insert(self.made, (call, end));
        self.made += 1;
    }

    fn end(&mut self, law: &mut Law, now: Duration) {
        while let Some(Reverse((at, made))) = self.ends.peek().copied()
            && at <= now
        {
            self.ends.pop();
            if let Some((call, end)) = self.calls.remove(&made) {
                law.ended(at, call, end);
            }
        }
    }
}

#[test]
fn one_call_in_a_hundred_that_goes_wrong_costs_few_starts() {
    for wrong in [Wrong::Hangs, Wrong::Fails, Wrong::TakesASecond] {
        for (asked_tps, most) in [(3, 0.06), (10, 0.03), (50, 0.03), (150, 0.03)] {
            let refused = refused_share(asked_tps, 100, wrong);

            assert!(refused <= most, "{refused} at {asked_tps}/s: {wrong:?}");
        }
    }
}

/// A queue with two workers, each call of which takes `service`, under `asked` starts a second.
struct Backend {
    law: Law,
    now: Duration,
    workers: [Duration; 2],
    underway: Underway,
}

impl Backend {
    /// Runs on; how many a second were answered.
    fn run(&mut self, lasts: Duration, asked_tps: u32, service: Duration) -> f64 {
        let (until, mut admitted) = (self.now + lasts, 0_u32);
        while self.now < until {
            self.now += Duration::from_secs(1) / asked_tps;
            self.underway.end(&mut self.law, self.now);
            if self.law.admit(self.now).is_ok() {
                admitted += 1;
                self.call(service);
            }
        }
        f64::from(admitted) / lasts.as_secs_f64()
    }

    fn call(&mut self, service: Duration) {
        let [first, second] = &mut self.workers;
        let worker = if first <= second { first } else { second };
        *worker = (*worker).max(self.now) + service;
        let answered = *worker <= self.now + DEADLINE;
        let (at, end) = if answered {
            (*worker, End::Answered)
        } else {
            (self.now + DEADLINE, End::Unanswered { deadline: DEADLINE })
        };
        let call = self.law.sent(self.now);
        self.underway.begin(at, call, end);
    }
}

#[test]
fn a_backend_that_is_quick_again_after_a_while_has_its_rate_back_within_five_seconds() {
    for times in [2, 4, 10] {
        for capacity in [30, 100] {
            let service = Duration::from_secs(2) / capacity;
            let asked_tps = capacity * 6 / 5;
            let mut backend = Backend {
                law: Law::new(defaults(), Duration::ZERO),
                now: Duration::ZERO,
                workers: [Duration::ZERO; 2],
                underway: Underway::default(),
            };
            backend.run(Duration::from_secs(60), asked_tps, service);
            let before = backend.run(Duration::from_secs(20), asked_tps, service);
            backend.run(Duration::from_secs(45), asked_tps, service * times);

            backend.run(Duration::from_secs(5), asked_tps, service);
            let after = backend.run(Duration::from_secs(10), asked_tps, service);

            assert!(
                after >= 0.9 * before,
                "{times} times slower at {capacity}/s: {before} became {after}"
            );
        }
    }
}
