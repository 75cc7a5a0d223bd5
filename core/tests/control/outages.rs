//! A backend that fails, hangs and comes back.

use std::time::Duration;

use integrator_core::control::law::{End, Options, Regime};
use integrator_core::control::pid::Gains;
use proptest::prelude::*;

use crate::world::{DEADLINE, Traffic, World, defaults};

const HEALTHY: Traffic = Traffic {
    asked_tps: 100,
    latency: Duration::from_millis(100),
    answered: true,
};
const REFUSING: Traffic = Traffic {
    asked_tps: 100,
    latency: Duration::from_millis(1),
    answered: false,
};

/// A gate in front of a backend that has borne a hundred starts a second for a while.
fn settled() -> World {
    let mut world = World::new(defaults());
    world.traffic(Duration::from_secs(60), HEALTHY);
    world
}

fn next_step(world: &mut World) {
    world.now += defaults().period;
}

/// One call that is answered after that time.
fn answer(world: &mut World, latency: Duration) {
    let call = world.law.sent(world.now);
    world.now += latency;
    world.law.ended(world.now, call, End::Answered);
}

#[test]
fn refused_connections_close_the_gate_within_a_second() {
    let mut world = settled();

    world.traffic(Duration::from_secs(1), REFUSING);

    assert_eq!(world.read().rate_tps, 1.0);
    assert_eq!(world.read().regime, Regime::Closed);
}

proptest! {
    #[test]
    fn refused_connections_close_the_gate_whatever_the_target_and_the_gains(
        target_ms in 1.0..2999.0_f64, kp in 0.0..1.0_f64, ki in 0.0..0.5_f64, kd in 0.0..0.5_f64,
    ) {
        let gains = Gains { kp, ki, kd };
        let mut world = World::new(Options { target_ms, gains, ..defaults() });
        world.traffic(Duration::from_secs(1), REFUSING);

        world.traffic(Duration::from_secs(1), REFUSING);

        prop_assert_eq!(world.read().rate_tps, 1.0);
        prop_assert_eq!(world.read().regime, Regime::Closed);
    }
}

#[test]
fn timeouts_of_calls_that_had_less_than_the_target_are_no_outage() {
    let mut world = settled();
    let deadline = Duration::from_millis(150);

    for _ in 0..5 {
        let call = world.law.sent(world.now);
        world.now += deadline;
        world
            .law
            .ended(world.now, call, End::Unanswered { deadline });
    }
    next_step(&mut world);

    assert!(world.read().rate_tps > 1.0, "{:?}", world.read());
}

#[test]
fn an_outage_lasts_though_nobody_calls() {
    let target_ms = 2900.0;
    let mut world = World::new(Options {
        target_ms,
        ..defaults()
    });
    world.traffic(Duration::from_secs(60), HEALTHY);
    world.traffic(Duration::from_secs(1), REFUSING);

    world.now += Duration::from_secs(10);

    assert_eq!(world.read().rate_tps, 1.0);
}

#[test]
fn a_closed_gate_still_lets_probes_through() {
    let mut world = settled();
    world.traffic(Duration::from_secs(2), REFUSING);

    let admitted = (0..100).filter(|tenth| {
        let now = world.now + Duration::from_millis(tenth * 100);
        world.law.admit(now).is_ok()
    });

    assert_eq!(admitted.count(), 10);
}

#[test]
fn a_backend_that_hangs_is_seen_before_its_first_deadline() {
    let mut world = settled();
    let mut hanging = Vec::new();
    let began = world.now;
    while world.now < began + DEADLINE / 2 {
        world.now += Duration::from_millis(10);
        if world.law.admit(world.now).is_ok() {
            hanging.push(world.law.sent(world.now));
        }
    }

    let readings = world.read();

    assert_eq!(readings.rate_tps, 1.0);
    assert!(
        readings.ewma_ms.is_some_and(|ewma| ewma < 101.0),
        "no call has ended"
    );
    drop(hanging);
}

#[test]
fn while_a_backend_hangs_only_probes_reach_it_from_one_timeout_to_the_next() {
    let mut world = settled();
    let hanging = Traffic {
        asked_tps: 40,
        latency: DEADLINE,
        answered: false,
    };

    let refused = world.traffic(Duration::from_secs(60), hanging);

    // What was sent before it was seen to hang, and one probe a second.
    let sent = 40 * 60 - refused;
    assert!(sent <= 60 + 60, "{sent}");
}

#[test]
fn an_outage_leaves_nine_tenths_of_what_the_backend_bore() {
    let mut world = settled();
    let before = world.read().i_tps;

    world.traffic(Duration::from_secs(600), REFUSING);

    // The answers of the period in which it began count, and a failure among them is slow.
    let after = world.read().i_tps;
    assert!(
        after > before * 0.89 && after <= before,
        "{before} became {after}"
    );
}

#[test]
fn the_first_quick_answer_after_an_outage_opens_the_gate_at_the_next_step() {
    let mut world = settled();
    let before = world.read().i_tps;
    world.traffic(Duration::from_secs(20), REFUSING);

    answer(&mut world, Duration::from_millis(50));
    next_step(&mut world);

    assert!(world.read().rate_tps > 0.9 * before, "{:?}", world.read());
    assert_eq!(world.read().ewma_ms, Some(50.0));
}

#[test]
fn timeouts_of_calls_sent_before_the_recovery_do_not_close_the_gate_again() {
    let mut world = settled();
    world.traffic(Duration::from_secs(20), REFUSING);
    let hanging: Vec<_> = (0..5).map(|_| world.law.sent(world.now)).collect();
    answer(&mut world, Duration::from_millis(50));

    world.now += DEADLINE;
    for call in hanging {
        world
            .law
            .ended(world.now, call, End::Unanswered { deadline: DEADLINE });
    }
    next_step(&mut world);

    assert_eq!(world.read().ewma_ms, Some(50.0));
    assert!(world.read().rate_tps > 50.0);
}

#[test]
fn an_answer_that_the_outage_held_up_itself_weighs_nothing_beside_the_next() {
    let mut world = settled();
    world.traffic(Duration::from_secs(20), REFUSING);

    answer(&mut world, Duration::from_millis(2900));
    next_step(&mut world);
    let held_up = world.read();
    answer(&mut world, Duration::from_millis(50));
    next_step(&mut world);
    let quick = world.read();

    assert_eq!(held_up.rate_tps, 1.0);
    assert_eq!(quick.ewma_ms, Some(50.0));
    assert!(quick.rate_tps > 50.0);
}

#[test]
fn two_failures_among_answers_are_no_outage() {
    let mut world = settled();
    let calls = [world.law.sent(world.now), world.law.sent(world.now)];
    for call in calls {
        world
            .law
            .ended(world.now, call, End::Unanswered { deadline: DEADLINE });
    }

    answer(&mut world, Duration::from_millis(50));

    // 100, then two failures of five targets and one answer of 50 at a weight of a fifth each.
    let ewma = world.read().ewma_ms.expect("there were samples");
    assert!(
        (ewma - ((100.0 * 0.64 + 1000.0 * 0.36) * 0.8 + 50.0 * 0.2)).abs() < 1e-6,
        "{ewma}"
    );
}

#[test]
fn a_refused_connection_counts_as_the_deadline_however_soon_it_failed() {
    let mut world = World::new(Options {
        target_ms: 1000.0,
        ..defaults()
    });

    let call = world.law.sent(world.now);
    world
        .law
        .ended(world.now, call, End::Unanswered { deadline: DEADLINE });

    assert_eq!(world.read().ewma_ms, Some(3000.0));
}

#[test]
fn a_call_that_our_own_stop_cuts_is_no_sample() {
    let mut world = World::new(defaults());
    let call = world.law.sent(world.now);

    world.now += Duration::from_secs(60);
    world.law.forgotten(world.now, call);

    assert_eq!(world.read().ewma_ms, None);
}

/// The longest timeout that can be configured.
#[test]
fn one_failure_at_the_longest_timeout_costs_a_quick_backend_no_start() {
    for asked_tps in [3, 10, 100] {
        let mut world = World::new(defaults());
        let quick = Traffic {
            asked_tps,
            latency: Duration::from_millis(20),
            answered: true,
        };
        world.traffic(Duration::from_secs(60), quick);
        let deadline = Duration::from_secs(600);
        let call = world.law.sent(world.now);
        world
            .law
            .ended(world.now, call, End::Unanswered { deadline });

        let refused = world.traffic(Duration::from_secs(60), quick);

        assert_eq!(refused, 0, "of {} at {asked_tps}/s", 60 * asked_tps);
    }
}
