//! What holds whatever happens, and in whatever order.

use std::time::Duration;

use integrator_core::control::law::{Options, Readings};
use proptest::prelude::*;

use crate::world::{World, any_options, pauses, plays, usual_options};

/// Pauses of any length that a `Duration` can hold, so that sums reach its end.
fn any_pauses() -> impl Strategy<Value = Duration> {
    prop_oneof![
        6 => pauses(),
        2 => (0..10_000_000_u64).prop_map(Duration::from_secs),
        1 => any::<u64>().prop_map(Duration::from_secs),
    ]
}

fn numbers(readings: &Readings) -> [f64; 11] {
    [
        readings.ewma_ms.unwrap_or(0.0),
        readings.setpoint_ms,
        readings.error_ms.unwrap_or(0.0),
        readings.p_tps,
        readings.i_tps,
        readings.d_tps,
        readings.rate_tps,
        readings.rate_max_tps,
        readings.tokens,
        f64::from(u8::from(readings.ewma_ms.is_none())),
        f64::from(u8::from(readings.error_ms.is_none())),
    ]
}

fn assert_within_bounds(options: &Options, readings: &Readings) {
    let rates = options.rate_min_tps..=readings.rate_max_tps;

    assert!(
        readings.rate_max_tps <= options.rate_max_tps,
        "{readings:?}"
    );
    assert!(rates.contains(&readings.rate_tps), "{readings:?}");
    assert!(rates.contains(&readings.i_tps), "{readings:?}");
    assert!(readings.rate_tps <= 2.0 * readings.i_tps, "{readings:?}");
    assert!(
        (0.0..=options.burst_max_tokens).contains(&readings.tokens),
        "{readings:?}"
    );
}

proptest! {
    #[test]
    fn rate_integral_and_tokens_stay_within_their_bounds(
        options in any_options(), play in plays(any_pauses(), prop::num::f64::ANY),
    ) {
        let mut world = World::new(options);

        for (pause, event) in play {
            world.happen(pause, &event);
            assert_within_bounds(&options, &world.read());
        }
    }

    #[test]
    fn every_reading_is_a_number_whatever_is_told(
        options in any_options(), play in plays(any_pauses(), prop::num::f64::ANY),
    ) {
        let mut world = World::new(options);

        for (pause, event) in play {
            world.happen(pause, &event);
            let readings = world.read();
            prop_assert!(numbers(&readings).iter().all(|it| it.is_finite()), "{readings:?}");
        }
    }

    #[test]
    fn looking_often_late_or_never_changes_nothing(
        options in usual_options(), play in plays(pauses(), 0.0..1000.0_f64),
        looks in prop::collection::vec(0.0..1.0_f64, 1..20),
    ) {
        let (mut seen, mut unseen) = (World::new(options), World::new(options));
        let mut looks = looks.iter().cycle();

        for (pause, event) in &play {
            let look = looks.next().map_or(0.0, |share| *share);
            seen.law.read(seen.now + pause.mul_f64(look));
            seen.happen(*pause, event);
            unseen.happen(*pause, event);
        }

        seen.read();
        unseen.read();
        prop_assert_eq!(seen.law, unseen.law);
    }

    #[test]
    fn whoever_comes_when_told_is_admitted_while_the_rate_stays(
        options in usual_options(), play in plays(pauses(), 0.0..1000.0_f64),
    ) {
        let mut world = World::new(options);
        for (pause, event) in &play {
            world.happen(*pause, event);
        }

        while world.law.admit(world.now).is_ok() {}
        let wait = world.law.admit(world.now).expect_err("no token is left");
        let mut later = world.law.clone();
        let before = later.read(world.now).rate_tps;
        let looks = (0..).map(|look| options.period / 2 * look);
        let stays = looks
            .take_while(|passed| *passed <= wait)
            .chain([wait])
            .all(|passed| later.read(world.now + passed).rate_tps >= before);

        prop_assume!(stays);
        prop_assert_eq!(world.law.admit(world.now + wait), Ok(()));
    }
}

#[test]
fn a_clock_that_jumps_to_its_end_is_caught_up_with_at_once() {
    let mut world = World::new(Options {
        period: Duration::from_millis(10),
        ..crate::world::defaults()
    });
    let never_ended = world.law.sent(Duration::from_secs(1));

    let readings = world.law.read(Duration::MAX);

    assert!(readings.rate_tps.is_finite());
    drop(never_ended);
}

#[test]
fn a_night_without_calls_forgets_down_to_five_a_second_and_no_further() {
    let mut world = World::new(crate::world::defaults());
    let traffic = crate::world::Traffic {
        asked_tps: 50,
        latency: Duration::from_millis(100),
        answered: true,
    };
    world.traffic(Duration::from_secs(20), traffic);
    let before = world.read().i_tps;

    world.now += Duration::from_secs(86_400);
    let after = world.read().i_tps;

    assert!(before > 40.0, "{before}");
    assert!((5.0..5.1).contains(&after), "{after}");
}

#[test]
fn a_night_without_calls_forgets_nothing_of_a_backend_that_was_too_slow() {
    let mut world = World::new(crate::world::defaults());
    let mut traffic = crate::world::Traffic {
        asked_tps: 50,
        latency: Duration::from_millis(100),
        answered: true,
    };
    world.traffic(Duration::from_secs(20), traffic);
    traffic.answered = false;
    world.traffic(Duration::from_secs(20), traffic);
    world.now += Duration::from_secs(1);
    let before = world.read();

    world.now += Duration::from_secs(86_400);
    let after = world.read();

    assert_eq!(numbers(&before)[..8], numbers(&after)[..8]);
}
