//! The routes of the service itself, and which listener has which.

use appattest_integrator::api::Listener;
use appattest_integrator::phase::Phase;
use insta::assert_snapshot;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::START;
use crate::harness::store::ALWAYS;
use crate::harness::{Request, Service, Setup};

#[tokio::test]
async fn health_tells_what_runs_and_how_much_is_stored() {
    let service = Service::start().await;
    service.verified().await;
    service.registered().await;
    service
        .clock
        .advance(std::time::Duration::from_millis(61_999));

    let reply = service.get("/health").await;

    let durability = service.store.prepared().unwrap().durability;
    let shown = reply
        .show()
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
        .replace(service.store.kind(), "KIND")
        .replace(&format!("\"{}\"", durability.as_str()), "\"CLASS\"");
    assert_snapshot!(shown, @r#"
    200
    content-type: application/json

    {"status":"ok",
    "uptimeSeconds":61,
    "flowCount":2,
    "terminalFlowCount":1,
    "storeKind":"KIND",
    "storeDurability":"CLASS",
    "backendBaseURL":"http://backend.test",
    "version":"VERSION",
    "buildSha256":"00ff"}
    "#);
}

#[tokio::test]
async fn liveness_asks_nobody_and_readiness_asks_the_store_and_never_the_backend() {
    let setup = Setup {
        base_url: Some("http://127.0.0.1:1".to_owned()),
        ..Setup::default()
    };
    let service = setup.start().await;
    service.get("/livez").await.is_answer();
    service.get("/readyz").await.is_answer();

    service.faults.fail_reads(ALWAYS);

    service.get("/livez").await.is_answer();
    service
        .get("/readyz")
        .await
        .is_problem(503, "store_unavailable");
}

#[tokio::test]
async fn protocols_are_listed_by_name() {
    let service = Setup::protocol(EXAMPLE).start().await;

    let reply = service.get("/v1/protocols").await;

    reply.is_answer();
    let names: Vec<_> = (0..2)
        .map(|at| reply.string(&format!("/protocols/{at}/name")))
        .collect();
    assert_eq!(names, ["app-attest", "example"]);
    assert_eq!(reply.string("/protocols/0/title"), "Apple App Attest");
    assert_eq!(reply.string("/protocols/0/digest").len(), 64);
    assert_eq!(reply.member("/protocols/2"), None);
}

#[tokio::test]
async fn a_protocol_is_shown_with_its_definition_and_its_graph() {
    let service = Setup::protocol(EXAMPLE).start().await;

    let reply = service.get("/v1/protocols/example").await;

    reply.is_answer();
    assert_eq!(reply.string("/definition"), EXAMPLE);
    assert!(reply.string("/mermaid").starts_with("stateDiagram-v2"));
    let shown = reply
        .text()
        .split(",\"definition\"")
        .next()
        .unwrap()
        .to_owned();
    let digest = reply.string("/digest");
    assert_snapshot!(crate::harness::show::broken(&shown.replace(&digest, "DIGEST")), @r#"
    {"name":"example",
    "title":"Example",
    "digest":"DIGEST",
    "states":["created","begun","refused","done","expired","error"],
    "initial":"created",
    "terminal":["refused","done","expired","error"],
    "steps":{"start":{"from":["created"],"to":["begun","refused"],"call":"POST /begin","require":[],"remember":["note"],"attach":[],"default":[],"headers":[],"repeatable":false,"unknown":"retry","body":"json"},"poll":{"from":["begun"],"to":["begun","done","refused"],"call":"POST /poll","require":[],"remember":[],"attach":[],"default":[],"headers":[],"repeatable":true,"unknown":"retry","body":"json"},"note":{"from":["begun"],"to":["begun"],"call":"POST /note","require":[],"remember":[],"attach":[],"default":["note"],"headers":[],"repeatable":false,"unknown":"retry","body":"json"},"pay":{"from":["begun"],"to":["done"],"call":"POST /pay","require":[],"remember":[],"attach":[],"default":[],"headers":[],"repeatable":false,"unknown":"hold","body":"json"}}
    "#);
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let service = Service::start().await;
    let handle = service.registered().await;
    for path in [
        format!("/v1/flows/{handle}/status"),
        format!("/v1/flows/{handle}/history"),
        "/v1/protocols/app-attest".to_owned(),
        "/health".to_owned(),
        "/livez".to_owned(),
        "/readyz".to_owned(),
        "/v1/flows/nothing/status".to_owned(),
    ] {
        let id = "x-correlation-id";
        let get = service.ask(Request::get(&path).header(id, "same")).await;
        let head = service
            .ask(Request::new("HEAD", &path).header(id, "same"))
            .await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_and_other_cases_are_other_paths() {
    let service = Service::start().await;
    for path in [
        "/health/",
        "/livez/",
        "/metrics/",
        "/v1/protocols/",
        "/v1/protocols/app-attest/",
        "/V1/protocols",
        "//health",
        "/v1//protocols",
        "/v1/flows/%2e%2e/protocols/x",
        "/v1/flows/%ff/status",
    ] {
        service.get(path).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn with_a_listener_for_operators_their_routes_are_there_only() {
    let product = Setup {
        listener: Listener::Product,
        ..Setup::default()
    };
    let product = product.start().await;
    let operator = Setup {
        listener: Listener::Operator,
        ..Setup::default()
    };
    let operator = operator.start().await;

    for path in [
        "/v1/protocols",
        "/v1/protocols/app-attest",
        "/health",
        "/metrics",
    ] {
        product.get(path).await.is_problem(404, "not_found");
        operator.get(path).await.is_answer();
    }
    product.get("/v1/flows").await.is_problem(404, "not_found");
    operator.get("/v1/flows").await.is_answer();
    for service in [&product, &operator] {
        service.get("/livez").await.is_answer();
        service.get("/readyz").await.is_answer();
    }
    product.post("/v1/flows/start", START).await.is_answer();
    let start = operator.post("/v1/flows/start", START).await;
    start.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_start_knows_one_query_parameter_once() {
    let service = Setup::protocol(EXAMPLE).start().await;
    for query in [
        "x=1",
        "protocol=example&x=1",
        "protocol=example&protocol=example",
        "Protocol=a",
    ] {
        let reply = service
            .post(format!("/v1/flows/start?{query}"), START)
            .await;
        reply.is_problem(400, "invalid_input");
    }
    let named = service
        .post("/v1/flows/start?protocol=app%2Dattest", START)
        .await;
    named.is_answer();
    assert_eq!(named.string("/protocol"), "app-attest");
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_draining_instance_is_not_ready_and_serves_on() {
    let service = Service::start().await;
    service.phases.enter(Phase::Draining);

    service
        .get("/readyz")
        .await
        .is_problem(503, "shutting_down");
    service.get("/livez").await.is_answer();
    service.verified().await;
}

#[tokio::test]
async fn a_refusing_instance_refuses_on_connections_that_were_kept_alive() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut client = service.connect().await;
    let status = Request::get(format!("/v1/flows/{handle}/status"));
    client.ask(&status).await.is_answer();
    service.phases.enter(Phase::Draining);
    client.ask(&status).await.is_answer();

    service.phases.enter(Phase::Refusing);
    let refused = client.ask(&status).await;

    refused.is_problem(503, "shutting_down");
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(client.is_closed().await);
    service.get("/livez").await.is_answer();
    service.get("/metrics").await.is_answer();
}

#[tokio::test]
async fn a_call_under_way_is_finished_while_the_instance_refuses() {
    use crate::harness::Answer;
    use crate::harness::service::ASSERT;

    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let answer = Answer::json(r#"{"verified":true}"#);
    let mut hold = service.backend.hold("/app-attest/verify", answer);
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.phases.enter(Phase::Refusing);
    service.closing.cancel();

    hold.release();

    asking.await.unwrap().is_answer();
}

#[tokio::test]
async fn connections_that_wait_for_nothing_end_when_the_instance_closes() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    client.ask(&Request::get("/livez")).await.is_answer();

    service.closing.cancel();

    assert!(client.is_closed().await);
}
