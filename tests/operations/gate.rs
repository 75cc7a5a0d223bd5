//! A gate that closes before a slow backend: the alert that tells of it, and its end.

use std::time::Duration;

use crate::clients::{Clients, Manners};
use crate::scene::{Scene, Setup};

/// Far beyond the latency that is aimed at, and within the time of a call.
const SLOW: Duration = Duration::from_millis(1300);
/// Long for alerts whose minutes are seconds, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);
const CLOSED: &str = "IntegratorAdmissionClosed";

fn fires(scene: &Scene) -> bool {
    let alerts = scene.prometheus.alerts();
    let mut firing = alerts.iter().filter(|alert| alert.state == "firing");
    firing.any(|alert| alert.name == CLOSED)
}

fn wait_until(scene: &Scene, what: &str, holds: impl Fn(&Scene) -> bool) {
    let prometheus = &scene.prometheus;
    prometheus.wait_for(what, PATIENCE, |_| holds(scene).then_some(()));
}

#[test]
fn a_gate_that_closes_is_told_of_until_the_backend_is_fast_again() {
    let scene = Scene::set(Setup {
        factor: 60,
        timeout_ms: 5000,
        admission: true,
    });
    scene.backend.delay(SLOW);
    let clients = Clients::at_work(scene.integrator(), 6, Manners::Good);

    wait_until(&scene, "the alert", fires);
    scene.backend.delay(Duration::ZERO);
    wait_until(&scene, "its end", |scene| !fires(scene));

    clients.stop();
    let open = scene
        .prometheus
        .query(r#"integrator_admission_regime{regime="closed"} == 0"#);
    assert_eq!(open.expect("an answer").len(), 1);
}
