//! How many series there can be: what the definitions and the routes allow, whatever is asked.

use std::collections::{BTreeMap, BTreeSet};

use appattest_integrator::orchestrator::code::Code;
use appattest_integrator::telemetry::metrics::{DEFINITIONS, Definition, Kind};

use super::NOTICED;
use crate::harness::entropy::mixed;
use crate::harness::service::START;
use crate::harness::{Request, Service, Setup};

/// Requests, of which no two are equal.
const HOSTILE: u64 = 4000;
/// Series of one histogram: its buckets, the one without a bound, sum and count.
const OF_HISTOGRAM: usize = 14 + 3;

/// How many values a label may have, over the compiled-in protocol and [`NOTICED`].
fn values(label: &str) -> usize {
    match label {
        // Two protocols, and `unknown`.
        "protocol" => 3,
        // start, client-data-hash, assert, notice, and `unknown`.
        "step" => 5,
        // created, registered, hash_issued, begun, verified, rejected, done, expired, error.
        "state" | "from" | "to" => 9,
        "code" => Code::ALL.len(),
        // Seven methods and `other`.
        "method" => 8,
        // Templates, and `unmatched`.
        "route" => ROUTES.len(),
        // 100 to 599, `unavailable` and `timeout`.
        "status" => 502,
        "store" | "backend" | "version" | "commit" | "rustc" => 1,
        // The store's durability has one at a time.
        "class" | "mode" | "decision" => 2,
        "regime" => 3,
        "operation" => 13,
        "outcome" => 2,
        // queue_full, not_sent, refused.
        "reason" => 3,
        _ => 0,
    }
}

const ROUTES: [&str; 16] = [
    "/v1/flows",
    "/v1/flows/start",
    "/v1/flows/{flowHandle}/{step}",
    "/v1/callbacks/{protocol}/{step}",
    "/v1/flows/{flowHandle}/status",
    "/v1/flows/{flowHandle}/history",
    "/v1/flows/{flowHandle}/steps/{step}/response",
    "/v1/flows/{flowHandle}/expire",
    "/console",
    "/v1/protocols",
    "/v1/protocols/{name}",
    "/health",
    "/metrics",
    "/livez",
    "/readyz",
    "unmatched",
];

fn most(metric: &Definition) -> usize {
    let combinations: usize = metric.labels.iter().map(|label| values(label)).product();
    combinations
        * if metric.kind == Kind::Histogram {
            OF_HISTOGRAM
        } else {
            1
        }
}

/// Everything before the value of a sample.
fn series(text: &str) -> BTreeSet<String> {
    let ours = text.lines().filter(|line| line.starts_with("integrator_"));
    ours.filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

/// How many series each metric has.
fn counted(series: &BTreeSet<String>) -> BTreeMap<&'static str, usize> {
    let of = |metric: &Definition| {
        let belongs = |series: &&String| {
            let name = series.split('{').next().unwrap_or_default();
            let rest = name.strip_prefix(metric.name);
            rest.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        };
        (metric.name, series.iter().filter(belongs).count())
    };
    DEFINITIONS.iter().map(of).collect()
}

async fn service() -> Service {
    let setup = Setup {
        protocols: vec![NOTICED.to_owned()],
        ..Setup::default()
    };
    setup.start().await
}

/// One of the ways to send something that nobody has sent before.
fn hostile(way: u64, number: u64) -> Request {
    let handle = format!("{number:032}");
    match way {
        0 => Request::get(format!("/evil/{number}?x={number}")),
        1 => Request::get(format!("/v1/flows/{handle}/status")),
        2 => Request::post(format!("/v1/flows/{handle}/step-{number}"), ""),
        3 => Request::post(format!("/v1/flows/start?protocol=p{number}"), START),
        4 => Request::post(format!("/v1/flows/start?q{number}=1"), START),
        5 => Request::post("/v1/flows/start", format!("{number}")),
        6 => Request::new(&format!("M{number}"), "/v1/flows/start"),
        7 => Request::get(format!("/v1/flows/{handle}/steps/s{number}/response")),
        8 => Request::get(format!("/v1/protocols/p{number}")),
        9 => Request::post("/v1/flows/start", START)
            .header("x-correlation-id", format!("\"c{number} \\\"")),
        10 => Request::post("/v1/flows/start", START).header("content-type", format!("t/{number}")),
        11 => Request::get(format!("/v1/flows?state=s{number}&flowID=f{number}")),
        12 => Request::post(format!("/v1/flows/{handle}/expire"), ""),
        13 => Request::post(format!("/v1/callbacks/p{number}/s{number}"), "{}"),
        _ => Request::post(
            "/v1/callbacks/noticed/notice",
            format!(r#"{{"id":"{number}"}}"#),
        ),
    }
}

const WAYS: u64 = 15;

#[tokio::test]
async fn callers_cannot_make_series() {
    let service = service().await;
    let mut client = service.connect().await;
    for way in 0..WAYS {
        client.ask(&hostile(way, way)).await;
    }
    service.get("/metrics").await;
    let before = series(service.get("/metrics").await.text());

    for number in WAYS..HOSTILE {
        client.ask(&hostile(mixed(number) % WAYS, number)).await;
    }

    let after = series(service.get("/metrics").await.text());
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn no_metric_has_more_series_than_its_labels_allow() {
    let service = super::scripted_before_a_gate().await;

    let after = series(service.get("/metrics").await.text());

    let counted = counted(&after);
    for metric in DEFINITIONS {
        let (count, most) = (counted.get(metric.name).copied(), most(metric));
        assert!(count <= Some(most), "{}: {count:?} of {most}", metric.name);
        assert!(
            most > 0,
            "{}: a label whose values nobody counts",
            metric.name
        );
    }
    assert_eq!(
        counted.values().sum::<usize>(),
        after.len(),
        "all are counted"
    );
}

#[tokio::test]
async fn every_label_has_a_value_of_its_closed_set() {
    let service = super::scripted_before_a_gate().await;
    let mut client = service.connect().await;
    for way in 0..WAYS {
        client.ask(&hostile(way, way)).await;
    }

    let after = series(service.get("/metrics").await.text());

    let codes = Code::ALL.map(Code::as_str);
    for series in &after {
        let told = |label: &str| {
            let (_, rest) = series.split_once(&format!("{label}=\""))?;
            rest.split('"').next()
        };
        assert!(
            told("route").is_none_or(|route| ROUTES.contains(&route)),
            "{series}"
        );
        assert!(
            told("code").is_none_or(|code| codes.contains(&code)),
            "{series}"
        );
        let protocols = ["app-attest", "noticed", "unknown"];
        assert!(
            told("protocol").is_none_or(|name| protocols.contains(&name)),
            "{series}"
        );
    }
}
