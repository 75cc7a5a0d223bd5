//! Definitions read anew on SIGHUP, by the real program.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Launch, Process};
use crate::harness::{Answer, Backend, Reply, Request};

/// Orders are opened, then paid.
const ORDER: &str = r#"
protocol  = "order"
title     = "Order"
backend   = "default"
ttl       = "10m"
initial   = "created"
terminal  = ["paid"]

[steps.start]
from     = ["created"]
call     = "POST /orders"
outcomes = [{ to = "open" }]

[steps.pay]
from     = ["open"]
call     = "POST /payments"
outcomes = [{ to = "paid" }]
"#;

/// The same, paid elsewhere.
fn paid_elsewhere() -> String {
    ORDER.replace("/payments", "/elsewhere")
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn backend() -> Backend {
    let backend = Backend::start().await;
    for path in ["/orders", "/payments", "/elsewhere"] {
        backend.always(path, Answer::json("{}"));
    }
    backend
}

/// A folder that holds the definition of orders.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    define(folder.path(), "order.toml", ORDER);
    folder
}

fn define(folder: &Path, file: &str, text: &str) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join(file), text).expect("written");
}

fn with_protocols(backend: &Backend, folder: &TempDir) -> Launch {
    let folder = folder.path().display().to_string();
    Launch::service(backend).with("INTEGRATOR__PROTOCOLS__DIR", &folder)
}

impl Process {
    /// Sends a hangup, and waits for a line of the log that holds this.
    async fn reloads(&mut self, until: &str) {
        self.signal(Signal::HUP);
        self.says(until).await;
    }

    async fn order(&self) -> Reply {
        let start = Request::post("/v1/flows/start?protocol=order", "{}");
        self.ask(start).await
    }

    async fn pay(&self, handle: &str) -> Reply {
        let target = format!("/v1/flows/{handle}/pay");
        self.ask(Request::post(target, "{}")).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask(Request::get(path)).await
    }

    /// The value of a metric's sample.
    async fn metric(&self, sample: &str) -> f64 {
        let scraped = self.get("/metrics").await;
        let line = scraped
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        let value = line.and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("no {sample} in {}", scraped.text()))
    }

    /// The last line of the log with this message.
    fn line(&self, message: &str) -> Value {
        let lines = self.log();
        let line = lines.iter().rev().find_map(|line| {
            let entry: Value = serde_json::from_str(line).ok()?;
            (entry.get("message")? == message).then_some(entry)
        });
        line.unwrap_or_else(|| panic!("no {message:?} in {lines:#?}"))
    }
}

fn paths(backend: &Backend) -> Vec<String> {
    backend.seen().into_iter().map(|seen| seen.path).collect()
}

#[tokio::test]
async fn a_changed_definition_is_that_of_new_flows_and_old_ones_go_on_by_theirs() {
    let (backend, folder) = (backend().await, folder());
    let mut process = with_protocols(&backend, &folder).start().await;
    let old = process.order().await.string("/flowHandle");

    define(folder.path(), "order.toml", &paid_elsewhere());
    process.reloads("protocols reloaded").await;
    let new = process.order().await.string("/flowHandle");
    for handle in [&old, &new] {
        process.pay(handle).await.is_answer();
    }

    assert_eq!(
        paths(&backend),
        ["/orders", "/orders", "/payments", "/elsewhere"]
    );
}

#[tokio::test]
async fn a_flow_keeps_its_definition_over_a_reload_and_a_restart() {
    let (backend, folder, place) = (backend().await, folder(), TempDir::new().expect("a folder"));
    let path = place.path().join("flows.db").display().to_string();
    let over_sqlite = || {
        with_protocols(&backend, &folder)
            .with("INTEGRATOR__STORE__KIND", "sqlite")
            .with("INTEGRATOR__STORE__PATH", &path)
    };
    let mut first = over_sqlite().start().await;
    let oldest = first.order().await.string("/flowHandle");
    let old = first.order().await.string("/flowHandle");
    define(folder.path(), "order.toml", &paid_elsewhere());
    first.reloads("protocols reloaded").await;
    let new = first.order().await.string("/flowHandle");
    first.pay(&oldest).await.is_answer();

    first.child.kill().await.expect("it can be killed");
    let second = over_sqlite().start().await;
    for handle in [&old, &new] {
        second.pay(handle).await.is_answer();
    }

    let paid = paths(&backend).split_off(3);
    assert_eq!(paid, ["/payments", "/payments", "/elsewhere"]);
}

#[tokio::test]
async fn what_changed_is_told_in_log_metrics_and_route() {
    let (backend, folder) = (backend().await, folder());
    let refund = ORDER.replace("\"order\"", "\"refund\"");
    define(folder.path(), "refund.toml", &refund);
    let mut process = with_protocols(&backend, &folder).start().await;
    let unsaid = process.get("/v1/protocols").await;
    let loaded = "integrator_protocols_loaded_timestamp_seconds";
    let at_first = process.metric(loaded).await;

    let (changed, added) = (paid_elsewhere(), ORDER.replace("\"order\"", "\"gift\""));
    define(folder.path(), "order.toml", &changed);
    define(folder.path(), "gift.toml", &added);
    fs::remove_file(folder.path().join("refund.toml")).expect("removed");
    process.reloads("protocols reloaded").await;

    let line = process.line("protocols reloaded");
    assert_eq!(line["level"], "info");
    assert_eq!(line["added"], format!("gift {}", digest(&added)));
    let both = format!("order {} to {}", digest(ORDER), digest(&changed));
    assert_eq!(line["changed"], both);
    assert_eq!(line["removed"], format!("refund {}", digest(&refund)));
    let outcome = r#"integrator_protocol_reloads_total{outcome="loaded"}"#;
    assert_eq!(process.metric(outcome).await, 1.0);
    assert!(process.metric(loaded).await > at_first);
    let new = r#"integrator_flows_expired_total{protocol="gift"}"#;
    assert_eq!(process.metric(new).await, 0.0);
    let listed = process.get("/v1/protocols").await;
    assert_eq!(unsaid.member("/reload"), None);
    assert_eq!(listed.string("/reload/outcome"), "loaded");
    assert_eq!(
        listed.string("/reload/at").len(),
        "2026-01-17T12:05:00.000Z".len()
    );
    assert_eq!(listed.member("/reload/problems"), None);
    let names: Vec<String> = (0..3)
        .map(|number| listed.string(&format!("/protocols/{number}/name")))
        .collect();
    assert_eq!(names, ["app-attest", "gift", "order"]);
}

#[tokio::test]
async fn one_broken_file_changes_nothing_and_is_told_in_log_metrics_and_route() {
    let (backend, folder) = (backend().await, folder());
    let mut process = with_protocols(&backend, &folder).start().await;
    let before = process.get("/v1/protocols").await.member("/protocols");
    let loaded = "integrator_protocols_loaded_timestamp_seconds";
    let at_first = process.metric(loaded).await;

    define(folder.path(), "order.toml", &paid_elsewhere());
    define(
        folder.path(),
        "broken.toml",
        "protocol = 1\nbackend = \"far\"",
    );
    let far = ORDER.replace("\"order\"", "\"far\"");
    define(
        folder.path(),
        "far.toml",
        &far.replace("\"default\"", "\"far\""),
    );
    process.reloads("protocols not reloaded").await;

    let line = process.line("protocols not reloaded");
    assert_eq!(line["level"], "error");
    let problems = line["problems"].as_str().expect("a text");
    assert!(problems.contains("broken.toml:1"), "{problems}");
    let outcome = r#"integrator_protocol_reloads_total{outcome="refused"}"#;
    assert_eq!(process.metric(outcome).await, 1.0);
    let successful = "integrator_protocol_reload_successful";
    assert_eq!(process.metric(successful).await, 0.0);
    assert_eq!(process.metric(loaded).await, at_first);
    let listed = process.get("/v1/protocols").await;
    assert_eq!(listed.member("/protocols"), before);
    assert_eq!(listed.string("/reload/outcome"), "refused");
    assert_eq!(
        listed.string("/reload/problems/0"),
        problems.lines().next().unwrap_or_default()
    );
    let handle = process.order().await.string("/flowHandle");
    process.pay(&handle).await.is_answer();
    assert_eq!(paths(&backend), ["/orders", "/payments"]);

    fs::remove_file(folder.path().join("broken.toml")).expect("removed");
    process
        .reloads("restart the process with [backends.far]")
        .await;

    fs::remove_file(folder.path().join("far.toml")).expect("removed");
    process.reloads("protocols reloaded").await;
    let mended = process.get("/v1/protocols").await;
    assert_eq!(mended.string("/reload/outcome"), "loaded");
    assert_eq!(process.metric(successful).await, 1.0);
}

#[tokio::test]
async fn a_removed_protocol_starts_no_flow_and_its_flows_go_on() {
    let (backend, folder) = (backend().await, folder());
    let mut process = with_protocols(&backend, &folder).start().await;
    let handle = process.order().await.string("/flowHandle");

    fs::remove_file(folder.path().join("order.toml")).expect("removed");
    process.reloads("protocols reloaded").await;

    process.order().await.is_problem(404, "not_found");
    process
        .get("/v1/protocols/order")
        .await
        .is_problem(404, "not_found");
    let paid = process.pay(&handle).await;
    assert_eq!(paid.string("/state"), "paid");
    assert_eq!(paid.string("/protocol"), "order");
}

#[tokio::test]
async fn a_folder_that_was_not_there_at_the_start_is_read_once_it_is() {
    let backend = backend().await;
    let mut process = Launch::service(&backend).start().await;
    process.order().await.is_problem(404, "not_found");

    define(
        &process.folder.path().join("config/protocols"),
        "order.toml",
        ORDER,
    );
    process.reloads("protocols reloaded").await;

    process.order().await.is_answer();
}

#[tokio::test]
async fn hangups_in_quick_succession_end_with_what_is_on_disk_after_the_last() {
    let (backend, folder) = (backend().await, folder());
    let mut process = with_protocols(&backend, &folder).start().await;

    let mut last = String::new();
    for number in 0..20 {
        last = ORDER.replace("\"Order\"", &format!("\"Order {number}\""));
        define(folder.path(), "order.toml", &last);
        process.signal(Signal::HUP);
    }
    process.says(&digest(&last)).await;

    let order = process.get("/v1/protocols/order").await;
    assert_eq!(order.string("/title"), "Order 19");
}

#[tokio::test]
async fn of_many_warnings_the_log_tells_a_hundred_and_how_many_more_there_are() {
    let (backend, folder) = (backend().await, folder());
    let unused: Vec<String> = (0..60).map(|number| format!("\"m{number}\"")).collect();
    let unused = format!("remember = [{}]\ncall", unused.join(", "));
    define(folder.path(), "order.toml", &ORDER.replace("call", &unused));

    let mut process = with_protocols(&backend, &folder).start().await;
    process.reloads("and 20 more").await;

    let log = process.log();
    let warnings = log.iter().filter(|line| line.contains("is remembered"));
    assert_eq!(warnings.count(), 100);
}
