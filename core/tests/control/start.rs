//! A gate that knows nothing yet.

use std::time::Duration;

use integrator_core::control::law::{Options, Regime, START_SHARE};
use proptest::prelude::*;

use crate::world::{Traffic, World, defaults, usual_options};

proptest! {
    #[test]
    fn the_first_good_news_does_not_move_the_rate(
        options in usual_options(), share in 0.0..0.99_f64,
    ) {
        let mut world = World::new(options);
        let before = world.read().rate_tps;
        let latency = Duration::from_secs_f64(options.target_ms * share / 1e3);
        let call = world.law.sent(Duration::ZERO);
        world.law.ended(latency, call, integrator_core::control::law::End::Answered);

        // The control step at the end of the period in which the answer came.
        let period_ns = options.period.as_nanos();
        let periods = u32::try_from(latency.as_nanos() / period_ns).expect("few periods") + 1;
        let after = world.law.read(options.period * periods).rate_tps;

        prop_assert_eq!(after, before);
    }
}

#[test]
fn a_gate_begins_at_a_tenth_of_the_highest_rate_and_with_half_a_second_of_it() {
    let readings = World::new(defaults()).read();

    assert_eq!(readings.rate_tps, START_SHARE * 200.0);
    assert_eq!(readings.tokens, 10.0);
    assert_eq!(readings.regime, Regime::Open);
}

#[test]
fn a_gate_whose_floor_is_higher_begins_at_its_floor() {
    let mut world = World::new(Options {
        rate_min_tps: 150.0,
        ..defaults()
    });

    assert_eq!(world.read().rate_tps, 150.0);
}

#[test]
fn a_first_answer_beyond_the_target_lowers_the_rate_at_once() {
    let mut world = World::new(defaults());
    let slow = Traffic {
        asked_tps: 10,
        latency: Duration::from_millis(400),
        answered: true,
    };
    let before = world.read().rate_tps;

    world.traffic(Duration::from_millis(500), slow);
    world.now += Duration::from_millis(500);

    assert!(world.read().rate_tps < before / 1.4);
}

#[test]
fn a_call_that_has_just_left_is_no_sign_of_a_quick_backend() {
    let mut world = World::new(defaults());
    let before = world.read().rate_tps;

    let underway = world.law.sent(Duration::from_millis(490));
    let after = world.law.read(Duration::from_millis(500));

    assert_eq!(after.rate_tps, before);
    drop(underway);
}

#[test]
fn under_pressure_a_quick_backend_is_given_more_and_more() {
    let mut world = World::new(defaults());
    let pressing = Traffic {
        asked_tps: 300,
        latency: Duration::from_millis(50),
        answered: true,
    };

    world.traffic(Duration::from_secs(60), pressing);

    assert_eq!(world.read().rate_tps, 200.0);
}

#[test]
fn without_demand_a_quick_backend_is_not_taken_for_a_strong_one() {
    for period_ms in [10, 500, 5000] {
        let mut world = World::new(Options {
            period: Duration::from_millis(period_ms),
            ..defaults()
        });

        world.traffic(Duration::from_secs(600), quiet(8));

        let integral = world.read().i_tps;
        assert!(
            (8.0..=20.0).contains(&integral),
            "{integral} with {period_ms} ms"
        );
    }
}

#[test]
fn what_was_borne_is_forgotten_down_to_twice_what_is_asked_for() {
    let mut world = World::new(defaults());
    world.traffic(Duration::from_secs(60), quiet(100));

    world.traffic(Duration::from_secs(120), quiet(10));

    let integral = world.read().i_tps;
    assert!((19.0..21.0).contains(&integral), "{integral}");
}

#[test]
fn a_gate_that_hardly_anybody_asks_keeps_five_a_second() {
    let mut world = World::new(defaults());

    world.traffic(Duration::from_secs(600), quiet(1));

    let integral = world.read().i_tps;
    assert!((5.0..5.1).contains(&integral), "{integral}");
}

fn quiet(asked_tps: u32) -> Traffic {
    Traffic {
        asked_tps,
        latency: Duration::from_millis(50),
        answered: true,
    }
}

#[test]
fn ten_at_once_pass_before_a_quick_backend_of_which_little_was_asked() {
    for asked_tps in [1, 2, 5] {
        let mut world = World::new(defaults());
        world.traffic(Duration::from_secs(600), quiet(asked_tps));
        world.now += Duration::from_secs(2);

        let passed = (0..10).filter(|_| world.law.admit(world.now).is_ok());

        assert_eq!(passed.count(), 10, "after {asked_tps} a second");
    }
}

#[test]
fn what_was_lent_for_that_is_paid_off_once_somebody_is_refused() {
    let mut world = World::new(defaults());
    world.traffic(Duration::from_secs(600), quiet(2));
    world.now += Duration::from_secs(2);
    let rate = world.read().rate_tps;
    while world.law.admit(world.now).is_ok() {}

    let wait = world.law.admit(world.now).expect_err("no token is left");

    // At this rate half a second is less than what was lent.
    let expected = (1.0 + 0.5 * rate) / rate;
    assert!((wait.as_secs_f64() - expected).abs() < 1e-6, "{wait:?}");
}

/// At 2.16 starts a second and with somebody at the door every 100 ms, a start goes through each
/// 500 ms and its answer comes 425 ms later, when the average of them is at its lowest.
#[test]
fn answers_that_come_long_after_their_starts_open_a_gate_too() {
    let options = Options {
        rate_min_tps: 1.0,
        rate_max_tps: 4.0,
        target_ms: 546.0,
        period: Duration::from_millis(100),
        ..defaults()
    };
    let mut world = World::new(options);
    let pressing = Traffic {
        asked_tps: 10,
        latency: Duration::from_millis(425),
        answered: true,
    };

    world.traffic(Duration::from_secs(60), pressing);

    assert_eq!(world.read().rate_tps, 4.0);
}

proptest! {
    /// Each start that is answered raises the rate by up to `kp * e / 200 tps`, and by a quarter
    /// of that in the mean, as what was admitted lags behind; none takes less than 5 s.
    #[test]
    fn a_gate_at_a_low_floor_opens_before_a_backend_that_is_quick_enough(
        floor in 0.01..=1.0_f64, share in 0.05..0.9_f64, target_ms in 100.0..2000.0_f64,
        period_ms in 100..2000_u64,
    ) {
        let options = Options {
            rate_min_tps: floor,
            rate_max_tps: 4.0 * floor,
            target_ms,
            period: Duration::from_millis(period_ms),
            ..defaults()
        };
        let mut world = World::new(options);
        let pressing = Traffic {
            asked_tps: 10,
            latency: Duration::from_secs_f64(share * target_ms / 1e3),
            answered: true,
        };
        let error_ms = (1.0 - share) * target_ms;
        let rise = (1.0 + 0.5 * error_ms / 200.0).min(2.0);
        let starts = 4.0 + 4.0 * 4.0_f64.ln() / rise.ln();
        let within = Duration::from_secs_f64(starts * (1.0 / floor).max(5.0));

        world.traffic(within, pressing);

        let readings = world.read();
        prop_assert_eq!(readings.rate_tps, 4.0 * floor, "after {:?}: {:?}", within, readings);
    }
}
