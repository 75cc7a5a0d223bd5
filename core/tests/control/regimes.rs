//! The word for how far the gate is open.

use std::time::Duration;

use integrator_core::control::law::{Options, Regime};

use crate::world::{Traffic, World, defaults};

const QUICK: Traffic = Traffic {
    asked_tps: 5,
    latency: Duration::from_millis(50),
    answered: true,
};

fn after(traffic: Traffic, seconds: u64) -> World {
    let mut world = World::new(defaults());
    world.traffic(Duration::from_secs(seconds), traffic);
    world.now += Duration::from_millis(500);
    world
}

#[test]
fn a_gate_that_holds_nobody_back_is_open() {
    assert_eq!(after(QUICK, 10).read().regime, Regime::Open);
}

#[test]
fn a_gate_that_refuses_is_regulating_however_quick_the_backend_is() {
    let pressing = Traffic {
        asked_tps: 500,
        ..QUICK
    };

    assert_eq!(after(pressing, 10).read().regime, Regime::Regulating);
}

#[test]
fn a_gate_before_a_slow_backend_is_regulating_though_nobody_is_refused() {
    let slow = Traffic {
        latency: Duration::from_millis(210),
        ..QUICK
    };

    assert_eq!(after(slow, 10).read().regime, Regime::Regulating);
}

#[test]
fn a_gate_whose_floor_is_all_that_it_may_give_is_not_closed_before_a_quick_backend() {
    let mut world = World::new(Options {
        rate_min_tps: 10.0,
        rate_max_tps: 10.0,
        ..defaults()
    });

    world.traffic(Duration::from_secs(10), QUICK);

    assert_eq!(world.read().regime, Regime::Open);
}

#[test]
fn a_gate_is_open_again_when_nobody_was_held_back_for_five_seconds() {
    let pressing = Traffic {
        asked_tps: 500,
        ..QUICK
    };
    let mut world = after(pressing, 10);
    let since = world.now;

    world.traffic(Duration::from_secs(4), QUICK);
    let soon = world.read().regime;
    world.traffic(since + Duration::from_secs(7) - world.now, QUICK);
    let later = world.read().regime;

    assert_eq!(soon, Regime::Regulating);
    assert_eq!(later, Regime::Open);
}

#[test]
fn a_gate_that_recovers_is_regulating_before_it_is_open() {
    let failing = Traffic {
        answered: false,
        ..QUICK
    };
    let mut world = after(failing, 10);
    let closed = world.read().regime;

    let pressing = Traffic {
        asked_tps: 500,
        ..QUICK
    };
    world.traffic(Duration::from_secs(7), pressing);

    assert_eq!(closed, Regime::Closed);
    assert_eq!(world.read().regime, Regime::Regulating);
}

#[test]
fn a_closed_gate_is_closed_until_it_held_back_less_for_five_seconds() {
    let failing = Traffic {
        answered: false,
        ..QUICK
    };
    let mut world = after(failing, 10);

    world.traffic(Duration::from_secs(3), QUICK);

    assert!(world.read().rate_tps > 1.0);
    assert_eq!(world.read().regime, Regime::Closed);
}

#[test]
fn a_rate_that_cannot_move_closes_nothing_before_a_slow_backend() {
    let mut world = World::new(Options {
        rate_min_tps: 10.0,
        rate_max_tps: 10.0,
        ..defaults()
    });
    let slow = Traffic {
        latency: Duration::from_secs(1),
        ..QUICK
    };

    world.traffic(Duration::from_secs(10), slow);

    assert_eq!(world.read().regime, Regime::Regulating);
}

#[test]
fn every_regime_has_a_name_of_its_own() {
    let names = Regime::ALL.map(Regime::as_str);

    assert_eq!(names, ["open", "regulating", "closed"]);
}
