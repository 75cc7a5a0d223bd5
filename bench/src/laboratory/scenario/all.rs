//! The scenarios, by name.

use std::time::Duration;

use super::{Kind, Scenario};
use crate::laboratory::clients::Clients;
use crate::laboratory::plant::{Disturbance, Trouble};

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    let mut all = storms();
    all.extend(steps());
    all.extend(outages());
    all.extend(slow_downs());
    all.extend(ordinary());
    all
}

/// Half the capacity, then a minute of three times as much, then half again. What else a storm is
/// changes one thing about this one.
fn storm(name: &'static str, title: &'static str) -> Scenario {
    Scenario {
        name,
        title,
        kind: Kind::Collapsing(1.5),
        capacity: 100.0,
        alone: Duration::from_millis(50),
        load: vec![(30, 0.5), (90, 3.0), (150, 0.5)],
        crowds: (Vec::new(), 0),
        disturbances: Vec::new(),
        clients: Clients::default(),
        watched: (30, 90),
        back_at: None,
    }
}

fn storms() -> Vec<Scenario> {
    let usual = storm(
        "storm",
        "a retry storm of three times the capacity on a backend that collapses",
    );
    let small = Scenario {
        capacity: 10.0,
        ..storm("storm-small", "the storm on a backend of 10 flows a second")
    };
    let large = Scenario {
        capacity: 1000.0,
        ..storm(
            "storm-large",
            "the storm on a backend of 1000 flows a second",
        )
    };
    let near = Scenario {
        kind: Kind::Collapsing(1.2),
        ..storm(
            "storm-near-knee",
            "the storm, with the knee close to the target",
        )
    };
    let far = Scenario {
        kind: Kind::Collapsing(3.0),
        ..storm(
            "storm-far-knee",
            "the storm, with the knee far from the target",
        )
    };
    let slow = Scenario {
        clients: Clients {
            think: Duration::from_secs(2),
            ..Clients::default()
        },
        ..storm(
            "storm-slow-clients",
            "the storm, with 2 s between two steps of a flow",
        )
    };
    let impatient = Scenario {
        clients: Clients {
            patience: Duration::from_secs(1),
            ..Clients::default()
        },
        ..storm(
            "storm-impatient",
            "the storm, with clients that leave after 1 s",
        )
    };
    let cold = Scenario {
        load: vec![(60, 3.0), (120, 0.5)],
        watched: (0, 60),
        ..storm(
            "storm-cold",
            "the storm from the first moment on, as after a restart",
        )
    };
    vec![usual, small, large, near, far, slow, impatient, cold]
}

fn steps() -> Vec<Scenario> {
    let load = vec![(30, 0.33), (90, 1.5)];
    let step = Scenario {
        kind: Kind::Queue,
        load: load.clone(),
        ..storm(
            "step",
            "load rises at once from a third to one and a half times the capacity of a queue",
        )
    };
    let linear = Scenario {
        kind: Kind::Linear,
        load,
        ..storm(
            "linear",
            "the same step on a backend whose latency grows with what it holds",
        )
    };
    vec![step, linear]
}

fn slow_downs() -> Vec<Scenario> {
    let disturbance = Scenario {
        load: vec![(120, 1.2)],
        disturbances: vec![trouble(30, 60, Trouble::Slow(2.0))],
        watched: (60, 120),
        back_at: Some(60),
        ..storm(
            "disturbance",
            "at 1.2 times the capacity, the backend works at half its speed for 30 s",
        )
    };
    let slow_down = |name, title, times| Scenario {
        load: vec![(135, 1.2)],
        disturbances: vec![trouble(30, 75, Trouble::Slow(times))],
        watched: (75, 135),
        back_at: Some(75),
        ..storm(name, title)
    };
    let fourfold = slow_down(
        "slowdown",
        "at 1.2 times the capacity, every call takes 4 times as long for 45 s, and is answered",
        4.0,
    );
    let tenfold = Scenario {
        kind: Kind::Queue,
        ..slow_down(
            "slowdown-hard",
            "at 1.2 times the capacity of a queue, every call takes 10 times as long for 45 s",
            10.0,
        )
    };
    let collapsed = slow_down(
        "slowdown-collapse",
        "at 1.2 times the capacity, calls take 10 times as long for 45 s, and the backend collapses",
        10.0,
    );
    vec![disturbance, fourfold, tenfold, collapsed]
}

/// What is no storm: a gate should not be noticed.
fn ordinary() -> Vec<Scenario> {
    let calm = |name, title| Scenario {
        load: vec![(120, 0.5)],
        watched: (0, 120),
        ..storm(name, title)
    };
    let healthy = Scenario {
        alone: Duration::from_millis(120),
        ..calm(
            "healthy",
            "half the capacity, on a backend whose calls take half of the target and more",
        )
    };
    let hanging = Scenario {
        disturbances: vec![trouble(0, 120, Trouble::Loses(0.01))],
        ..calm(
            "hanging",
            "one call in a hundred is never answered, at half the capacity",
        )
    };
    let quiet = Scenario {
        load: vec![(120, 0.02)],
        crowds: ((1..=5).map(|crowd| 20 * crowd).collect(), 10),
        ..calm(
            "quiet-burst",
            "2 users a second, and every 20 s 10 at once, on a backend that could do 100",
        )
    };
    vec![healthy, hanging, quiet]
}

fn outages() -> Vec<Scenario> {
    let refuses = Scenario {
        disturbances: vec![trouble(30, 50, Trouble::Refuses)],
        ..outage(
            "outage-refuses",
            "connections are refused for 20 s at half the capacity, and users come back",
        )
    };
    let hangs = Scenario {
        disturbances: vec![trouble(30, 50, Trouble::Hangs)],
        ..outage(
            "outage-hangs",
            "nothing is answered for 20 s at half the capacity, and users come back",
        )
    };
    let in_storm = Scenario {
        disturbances: vec![trouble(50, 70, Trouble::Hangs)],
        watched: (70, 90),
        back_at: Some(70),
        ..storm(
            "outage-storm",
            "the storm, and in its midst nothing is answered for 20 s",
        )
    };
    vec![refuses, hangs, in_storm]
}

fn outage(name: &'static str, title: &'static str) -> Scenario {
    Scenario {
        load: vec![(90, 0.5)],
        watched: (50, 90),
        back_at: Some(50),
        ..storm(name, title)
    }
}

fn trouble(from: u64, until: u64, trouble: Trouble) -> Disturbance {
    Disturbance {
        from: Duration::from_secs(from),
        until: Duration::from_secs(until),
        trouble,
    }
}
