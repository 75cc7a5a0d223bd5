//! Headers: what names a flow's doings, and what of it the backend gets.

use insta::assert_snapshot;

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

fn start() -> Request {
    Request::post("/v1/flows/start", START)
}

#[tokio::test]
async fn the_callers_correlation_id_is_adopted_and_stays_with_the_flow() {
    let service = Service::start().await;
    let id = "!\"#$~".repeat(25) + "abc";

    let started = service.ask(start().header("x-correlation-id", &id)).await;
    let handle = started.string("/flowHandle");
    let path = format!("/v1/flows/{handle}/client-data-hash");
    let later = Request::post(path, "").header("x-correlation-id", "another");
    let later = service.ask(later).await;
    let status = service.status(&handle).await;
    let refused = service.step(&handle, "client-data-hash", "{}").await;

    for reply in [&started, &later, &status, &refused] {
        assert_eq!(reply.header("x-correlation-id"), Some(id.as_str()));
        assert_eq!(reply.string("/correlationID"), id);
    }
    for seen in service.backend.seen() {
        assert_eq!(seen.header("x-correlation-id"), Some(id.as_str()));
    }
}

#[tokio::test]
async fn a_correlation_id_that_is_none_is_refused_on_start_and_ignored_later() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let path = format!("/v1/flows/{handle}/client-data-hash");
    let mut refused = vec![
        start()
            .header("x-correlation-id", "a")
            .header("x-correlation-id", "a"),
    ];
    for id in ["", "a b", "é", "\t", &"a".repeat(129)] {
        refused.push(start().header("x-correlation-id", id));
    }

    for request in refused {
        let reply = service.ask(request).await;
        reply.is_problem(400, "invalid_input");
        assert_eq!(reply.string("/correlationID").len(), 36);
    }
    let later = Request::post(path, "").header("x-correlation-id", "a b");

    service.ask(later).await.is_answer();
    assert_eq!(service.backend.calls(), 2);
}

#[tokio::test]
async fn a_refusal_before_a_flow_is_known_carries_the_callers_id_or_a_new_one() {
    let service = Service::start().await;
    for path in [
        "/v1/nothing",
        "/v1/flows/nothing/status",
        "/v1/protocols/nothing",
    ] {
        let own = Request::get(path).header("x-correlation-id", "mine");
        let own = service.ask(own).await;
        let generated = service.get(path).await;
        let invalid = Request::get(path).header("x-correlation-id", "not mine");
        let invalid = service.ask(invalid).await;

        assert_eq!(own.header("x-correlation-id"), Some("mine"));
        for reply in [generated, invalid] {
            assert_eq!(reply.header("x-correlation-id").unwrap().len(), 36);
            reply.is_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn every_reply_of_the_versioned_api_has_a_correlation_id_and_others_have_none() {
    let service = Service::start().await;
    let protocols = service.get("/v1/protocols").await;
    let health = service.get("/health").await;
    let nowhere = service.get("/nothing").await;

    assert!(protocols.header("x-correlation-id").is_some());
    assert_eq!(health.header("x-correlation-id"), None);
    assert_eq!(nowhere.header("x-correlation-id"), None);
}

#[tokio::test]
async fn every_call_carries_the_same_few_headers_whatever_the_caller_sends() {
    let service = Service::start().await;
    let request = start()
        .header("cookie", "a=b")
        .header("authorization", "Bearer secret")
        .header("x-forwarded-for", "1.2.3.4")
        .header("x-flow-handle", "forged")
        .header("accept-encoding", "gzip")
        .header("user-agent", "caller")
        .header("connection", "x-secret")
        .header("x-secret", "1");

    let handle = service.ask(request).await.string("/flowHandle");
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();
    service.step(&handle, "assert", ASSERT).await.is_answer();

    let host = service.backend.address.to_string();
    let mut shown = Vec::new();
    for seen in service.backend.seen() {
        assert_eq!(seen.header("host"), Some(host.as_str()));
        assert_eq!(seen.header("x-flow-handle"), Some(handle.as_str()));
        let mut headers = seen.headers.clone();
        headers.retain(|(name, _)| name != "host");
        headers.sort();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        shown.push(format!(
            "{} {}\n{}\n",
            seen.method,
            seen.path,
            headers.join("\n")
        ));
    }
    let shown = shown
        .join("\n")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_snapshot!(shown, @"
    POST /app-attest/register
    accept: */*
    content-length: 79
    content-type: application/json
    idempotency-key: 0bf0e802-1820-4de7-82bb-3d225ca9f82e
    traceparent: 00-461618abd11018cec1ea25778f2301eb-1f2675276b19c442-00
    user-agent: appattest-integrator/VERSION
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924
    x-flow-handle: 25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR

    POST /app-attest/client-data-hash
    accept: */*
    content-length: 63
    content-type: application/json
    idempotency-key: a90a78e8-2a72-437d-9adb-2018997516ad
    traceparent: 00-29668735a677b8922ec3d6dad23dc06d-b0f475d5dde6992e-00
    user-agent: appattest-integrator/VERSION
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924
    x-flow-handle: 25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR

    POST /app-attest/verify
    accept: */*
    content-length: 130
    content-type: application/json
    idempotency-key: ff584f86-833d-49dd-8e37-6bde1c4c2908
    traceparent: 00-a81623020b29eb1f8a414b39cccd7d32-148f3c049aae818d-00
    user-agent: appattest-integrator/VERSION
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924
    x-flow-handle: 25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR
    ");
}

#[tokio::test]
async fn a_backends_own_headers_go_along_with_every_call() {
    let setup = Setup {
        backend_headers: vec![("authorization".to_owned(), "Bearer ours".to_owned())],
        ..Setup::default()
    };
    let service = setup.start().await;

    let caller = start().header("authorization", "Bearer theirs");
    service.ask(caller).await.is_answer();

    assert_eq!(
        service.backend.last().header("authorization"),
        Some("Bearer ours")
    );
}

#[tokio::test]
async fn a_base_path_is_a_prefix() {
    let backend = crate::harness::Backend::start().await;
    backend.always(
        "/a/b/app-attest/register",
        Answer::json(r#"{"flowID":"f"}"#),
    );
    let setup = Setup {
        base_url: Some(format!("http://{}/a/b/", backend.address)),
        ..Setup::default()
    };
    let service = setup.start().await;

    service.ask(start()).await.is_answer();

    assert_eq!(backend.last().path, "/a/b/app-attest/register");
}

#[tokio::test]
async fn a_valid_trace_is_passed_on_as_it_came() {
    let service = Service::start().await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = start()
        .header("traceparent", parent)
        .header("tracestate", "a=1,b=2")
        .header("tracestate", "c=3");

    service.ask(traced).await.is_answer();

    let seen = service.backend.last();
    assert_eq!(seen.header("traceparent"), Some(parent));
    assert_eq!(seen.header("tracestate"), Some("a=1,b=2,c=3"));
}

#[tokio::test]
async fn an_invalid_trace_is_replaced_and_its_state_dropped() {
    let service = Service::start().await;
    let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let invalid = [
        start().header("traceparent", "00-zz-b7ad6b7169203331-01"),
        start().header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        ),
        start().header("traceparent", valid.to_uppercase()),
        start()
            .header("traceparent", valid)
            .header("traceparent", valid),
        start(),
    ];
    for request in invalid {
        service
            .ask(request.header("tracestate", "a=1"))
            .await
            .is_answer();

        let seen = service.backend.last();
        let parent = seen.header("traceparent").unwrap();
        assert_eq!(parent.len(), 55);
        assert!(parent.starts_with("00-") && parent.ends_with("-00"));
        assert_eq!(seen.header("tracestate"), None);
    }
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let service = Service::start().await;
    let none = service.connect().await.ask(&start().without_host()).await;
    let two = service.ask(start().header("host", "integrator.test")).await;

    for reply in [none, two] {
        reply.is_problem(400, "invalid_input");
        assert_eq!(reply.header("connection"), Some("close"));
    }
    assert_eq!(service.backend.calls(), 0);
}
