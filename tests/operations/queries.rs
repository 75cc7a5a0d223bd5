//! Every query that operators are given, asked of a Prometheus that scrapes a live service.

use std::time::Duration;

use integrator_testbed::http;

use crate::clients::{Clients, Manners, start, step};
use crate::dashboard;
use crate::page::{operations, queries};
use crate::scene::{Scene, Setup};

/// Long for a few scrapes, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service to which most of what can happen has happened, and which has been scraped since.
fn lived() -> Scene {
    let setup = Setup {
        factor: 1,
        timeout_ms: 300,
        admission: true,
    };
    let mut scene = Scene::set(setup);
    let integrator = scene.integrator();
    // What is counted before the first scrape has never risen.
    wait_until_scraped(&scene);
    let good = Clients::at_work(integrator, 1, Manners::Good);
    let skipping = Clients::at_work(integrator, 1, Manners::SkipsSteps);
    let waiting = start(integrator).expect("a flow");
    let replayed = start(integrator).expect("a flow");
    for _ in 0..2 {
        step(integrator, &replayed, "client-data-hash").expect("a reply");
    }
    scene.backend.answer(503);
    step(integrator, &waiting, "client-data-hash").expect("a reply");
    scene.backend.answer(200);
    scene.backend.delay(Duration::from_secs(1));
    step(integrator, &waiting, "client-data-hash").expect("a reply");
    scene.backend.delay(Duration::ZERO);
    scene.backend.go_away();
    step(integrator, &waiting, "client-data-hash").expect("a reply");
    scene.backend.come_back();
    scene
        .prometheus
        .wait_for("the recorded rates", PATIENCE, |prometheus| {
            let rates =
                prometheus.query("integrator:rejections:rate5m{code=\"sequence_violation\"} > 0");
            let failures = prometheus.query("integrator:backend_failures:rate5m > 0");
            let starts = prometheus.query("integrator:flows_started:rate15m > 0");
            let gates = prometheus.query("integrator:admission_decisions:rate5m > 0");
            let found = [rates, failures, starts, gates]
                .into_iter()
                .all(|found| found.is_ok_and(|series| !series.is_empty()));
            found.then_some(())
        });
    good.stop();
    skipping.stop();
    scene
}

fn wait_until_scraped(scene: &Scene) {
    scene
        .prometheus
        .wait_for("a first scrape", PATIENCE, |prometheus| {
            let scrapes = prometheus.query("count_over_time(integrator_build_info[1m]) >= 2");
            let is_scraped = scrapes.is_ok_and(|series| !series.is_empty());
            is_scraped.then_some(())
        });
}

#[test]
fn every_query_of_page_and_dashboard_is_answered_by_a_live_service() {
    let scene = lived();
    let page = queries(&operations());
    let panels = dashboard::queries();
    assert!(page.len() > 40 && panels.len() > 25, "queries are found");

    let mut wrong = Vec::new();
    for query in page.iter().chain(&panels) {
        let expression = &query.expression;
        match scene.prometheus.query(expression) {
            Err(error) => wrong.push(format!("{}: {error}: {expression}", query.section)),
            Ok(series) if series.is_empty() && !query.may_be_empty => {
                wrong.push(format!("{}: nothing: {expression}", query.section));
            }
            Ok(_) => {}
        }
    }

    let metrics = http::get(scene.integrator(), "/metrics").expect("metrics");
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), metrics.body);
}
