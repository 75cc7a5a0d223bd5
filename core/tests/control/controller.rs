//! The controller: how a rate answers to a latency.

use integrator_core::control::pid::{Gains, Observed, Pid, REFERENCE_TPS, RISE, Shown};
use proptest::prelude::*;

const FLOOR_TPS: f64 = 1.0;
const CEILING_TPS: f64 = 500.0;
const PERIOD_S: f64 = 0.5;
const SETPOINT_MS: f64 = 200.0;

fn gains() -> impl Strategy<Value = Gains> {
    (0.0..5.0_f64, 0.0..1.0_f64, 0.0..1.0_f64).prop_map(|(kp, ki, kd)| Gains { kp, ki, kd })
}

fn observed() -> impl Strategy<Value = Observed> {
    let shown =
        (0.0..CEILING_TPS, 0.0..3.0 * CEILING_TPS).prop_map(|(admitted_tps, answered_tps)| Shown {
            admitted_tps,
            answered_tps,
        });
    let shown = prop::option::weighted(0.8, shown);
    let latency = prop_oneof![3 => 0.0..400.0_f64, 1 => 0.0..10_000.0_f64];
    (latency, shown, prop::bool::weighted(0.05)).prop_map(|(latency_ms, shown, anew)| Observed {
        latency_ms,
        passed_s: PERIOD_S,
        shown,
        anew,
        outage: false,
    })
}

fn controller(gains: Gains, start_tps: f64) -> Pid {
    Pid::new(gains, SETPOINT_MS, PERIOD_S, FLOOR_TPS, start_tps)
}

/// Starts of one call, all of which are answered.
fn one_call_each(admitted_tps: f64) -> Shown {
    Shown {
        admitted_tps,
        answered_tps: admitted_tps,
    }
}

/// A period in which no call was answered.
fn unshown(latency_ms: f64) -> Observed {
    Observed {
        latency_ms,
        passed_s: PERIOD_S,
        shown: None,
        anew: false,
        outage: false,
    }
}

/// A controller with this past.
fn after(gains: Gains, past: &[Observed]) -> Pid {
    let mut pid = controller(gains, 20.0);
    for observed in past {
        pid.step(*observed, CEILING_TPS);
    }
    pid
}

/// Steps at one latency with all that the rate allows being admitted.
fn pressed(pid: &mut Pid, steps: usize, latency_ms: f64) {
    for _ in 0..steps {
        let observed = Observed {
            latency_ms,
            passed_s: PERIOD_S,
            shown: Some(one_call_each(pid.terms().rate_tps)),
            anew: false,
            outage: false,
        };
        pid.step(observed, CEILING_TPS);
    }
}

proptest! {
    /// But for what a quick backend is not asked for: that is forgotten in 10 s, and kept while
    /// the backend is slow.
    #[test]
    fn a_higher_latency_never_leads_to_a_higher_rate(
        gains in gains(), past in prop::collection::vec(observed(), 0..50),
        observed in observed(), more_ms in 0.0..10_000.0_f64,
    ) {
        let mut quick = after(gains, &past);
        let mut slow = quick.clone();
        let learnt_tps = quick.terms().i_tps;

        quick.step(observed, CEILING_TPS);
        let latency_ms = observed.latency_ms + more_ms;
        slow.step(Observed { latency_ms, ..observed }, CEILING_TPS);

        let (slow, quick) = (slow.terms(), quick.terms());
        let forgets = quick.error_ms > 0.0 && quick.i_tps < learnt_tps;
        let kept = if forgets { 1.0 - PERIOD_S / 10.0 } else { 1.0 - 1e-9 };
        prop_assert!(kept * slow.rate_tps <= quick.rate_tps, "{slow:?} {quick:?}");
    }

    #[test]
    fn however_long_it_was_held_at_the_ceiling_one_slow_step_takes_it_away(
        kp in 0.01..5.0_f64, ki in 0.0..1.0_f64, kd in 0.0..1.0_f64,
        held in 200..1000_usize, quick_ms in 0.0..150.0_f64, slow_ms in 200.1..220.0_f64,
    ) {
        let mut pid = controller(Gains { kp, ki, kd }, 20.0);
        pressed(&mut pid, held, quick_ms);
        prop_assume!(pid.terms().rate_tps == CEILING_TPS);

        pressed(&mut pid, 1, slow_ms);

        prop_assert!(pid.terms().rate_tps < CEILING_TPS);
    }

    #[test]
    fn however_long_it_was_held_at_the_floor_one_quick_step_takes_it_away(
        kp in 0.5..5.0_f64, ki in 0.0..1.0_f64, kd in 0.0..1.0_f64,
        held in 200..1000_usize, slow_ms in 1000.0..10_000.0_f64, quick_ms in 0.0..190.0_f64,
    ) {
        let mut pid = controller(Gains { kp, ki, kd }, 20.0);
        pressed(&mut pid, held, slow_ms);
        prop_assert_eq!(pid.terms().rate_tps, FLOOR_TPS);

        pressed(&mut pid, 1, quick_ms);

        prop_assert!(pid.terms().rate_tps > FLOOR_TPS);
    }

    #[test]
    fn the_terms_add_up_to_the_rate_within_its_bounds(
        gains in gains(), past in prop::collection::vec(observed(), 2..50),
    ) {
        let terms = after(gains, &past).terms();

        let sum = terms.p_tps + terms.i_tps + terms.d_tps;
        let most = if terms.error_ms < 0.0 { 1.0 } else { RISE };
        let rate = sum.min(most * terms.i_tps).clamp(FLOOR_TPS, CEILING_TPS);
        prop_assert!((terms.rate_tps - rate).abs() <= 1e-9 * (1.0 + sum.abs()), "{terms:?}");
    }

    #[test]
    fn the_same_error_is_answered_by_the_same_share_of_any_rate(
        kp in 0.0..5.0_f64, start in 1.0..400.0_f64, latency_ms in 0.0..1000.0_f64,
    ) {
        let gains = Gains { kp, ki: 0.0, kd: 0.0 };
        let observed = unshown(latency_ms);
        let mut pid = controller(gains, start);
        pid.step(observed, CEILING_TPS);

        pid.step(observed, CEILING_TPS);

        let share = kp * (SETPOINT_MS - latency_ms) / REFERENCE_TPS;
        let terms = pid.terms();
        prop_assert!((terms.p_tps - share * terms.i_tps).abs() < 1e-9 * (1.0 + terms.i_tps));
    }

    #[test]
    fn failures_alone_leave_the_integral_where_it_was(
        gains in gains(), past in prop::collection::vec(observed(), 1..20),
        steps in 1..50_usize, latency_ms in 0.0..10_000.0_f64,
    ) {
        let mut pid = after(gains, &past);
        let before = pid.terms().i_tps;

        for _ in 0..steps {
            let observed = unshown(latency_ms);
            pid.step(observed, CEILING_TPS);
        }

        prop_assert_eq!(pid.terms().i_tps, before);
    }

    #[test]
    fn a_quick_backend_raises_the_integral_to_what_is_admitted_and_no_further(
        gains in gains(), borne in 1.0..400.0_f64, latency_ms in 0.0..199.0_f64,
    ) {
        let mut pid = controller(gains, 20.0);
        let admitted = borne.min(0.7 * pid.terms().rate_tps);

        for _ in 0..500 {
            let shown = Some(one_call_each(admitted.min(0.7 * pid.terms().rate_tps)));
            pid.step(Observed { shown, ..unshown(latency_ms) }, CEILING_TPS);
        }

        prop_assert!(pid.terms().i_tps <= 20.0_f64.max(admitted));
    }
}

#[test]
fn a_rising_latency_lowers_the_rate_before_it_has_reached_the_target() {
    let gains = Gains {
        kp: 0.0,
        ki: 0.0,
        kd: 0.1,
    };
    let mut pid = controller(gains, 100.0);

    for latency_ms in [50.0, 100.0, 150.0] {
        pid.step(unshown(latency_ms), CEILING_TPS);
    }

    // The slope is 100 ms/s; the filter has let three quarters of it through.
    assert_eq!(pid.terms().d_tps, -0.1 * 75.0 * 100.0 / REFERENCE_TPS);
}

#[test]
fn an_average_that_begins_anew_has_no_slope() {
    let gains = Gains {
        kp: 0.0,
        ki: 0.0,
        kd: 0.1,
    };
    let mut pid = controller(gains, 100.0);
    let step = |latency_ms, anew| Observed {
        latency_ms,
        passed_s: PERIOD_S,
        shown: None,
        anew,
        outage: false,
    };
    pid.step(step(3000.0, false), CEILING_TPS);

    pid.step(step(20.0, true), CEILING_TPS);

    assert_eq!(pid.terms().d_tps, 0.0);
}

#[test]
fn a_change_over_a_long_while_is_no_steep_slope() {
    let gains = Gains {
        kp: 0.0,
        ki: 0.0,
        kd: 0.1,
    };
    let mut pid = controller(gains, 100.0);
    let step = |latency_ms, passed_s| Observed {
        latency_ms,
        passed_s,
        shown: None,
        anew: false,
        outage: false,
    };
    pid.step(step(50.0, PERIOD_S), CEILING_TPS);

    pid.step(step(150.0, 100.0), CEILING_TPS);

    // 100 ms in 100 s, of which the filter has let nearly everything through.
    let slope = -pid.terms().d_tps * REFERENCE_TPS / 0.1 / 100.0;
    assert!((0.99..1.0).contains(&slope), "{slope} ms/s");
}

#[test]
fn the_noise_of_a_short_period_is_no_steeper_than_that_of_half_a_second() {
    let gains = Gains {
        kp: 0.0,
        ki: 0.0,
        kd: 0.1,
    };
    let kick = |period_s: f64| {
        let mut pid = Pid::new(gains, SETPOINT_MS, period_s, FLOOR_TPS, 100.0);
        for latency_ms in [50.0, 150.0] {
            let observed = Observed {
                latency_ms,
                passed_s: period_s,
                shown: None,
                anew: false,
                outage: false,
            };
            pid.step(observed, CEILING_TPS);
        }
        -pid.terms().d_tps
    };

    assert!(kick(0.01) < 2.0 * kick(0.5), "{} {}", kick(0.01), kick(0.5));
}

#[test]
fn what_was_learnt_outlasts_a_ceiling_that_was_low_for_a_moment() {
    let gains = Gains {
        kp: 0.5,
        ki: 0.05,
        kd: 0.0,
    };
    let mut pid = controller(gains, 20.0);
    pressed(&mut pid, 200, 50.0);
    let before = pid.terms();

    pid.hold_below(5.0);
    let held = pid.terms();
    let observed = Observed {
        latency_ms: 50.0,
        passed_s: PERIOD_S,
        shown: Some(one_call_each(5.0)),
        anew: false,
        outage: false,
    };
    pid.step(observed, 5.0);
    pid.step(observed, CEILING_TPS);

    assert_eq!(held.rate_tps, 5.0);
    assert_eq!(pid.terms().rate_tps, before.rate_tps);
}
