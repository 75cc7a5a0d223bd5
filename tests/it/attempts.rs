//! Attempts: calls without a recorded answer, and the ids by which a backend knows them again.

use std::time::Duration;

use insta::assert_snapshot;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::show::broken;
use crate::harness::{Answer, Service, Setup};

const OTHER: &str = r#"{"assertionObject_base64":"b3Ro"}"#;

fn keys(service: &Service, path: &str) -> Vec<String> {
    let seen = service.backend.seen();
    let of_path = seen.iter().filter(|seen| seen.path == path);
    of_path
        .filter_map(|seen| seen.header("idempotency-key").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn the_same_request_carries_its_attempt_id_until_it_is_answered() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::nothing());
    service
        .backend
        .once("/app-attest/verify", Answer::status(503, ""));

    for _ in 0..3 {
        service.step(&handle, "assert", ASSERT).await;
    }

    let keys = keys(&service, "/app-attest/verify");
    assert_eq!(keys, vec![keys[0].clone(); 3]);
    assert_eq!(service.state(&handle).await, "verified");
}

#[tokio::test]
async fn another_body_gets_another_attempt_id_and_the_first_is_forgotten() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    for _ in 0..3 {
        service
            .backend
            .once("/app-attest/verify", Answer::nothing());
    }

    for body in [ASSERT, OTHER, ASSERT] {
        service.step(&handle, "assert", body).await;
    }

    let keys = keys(&service, "/app-attest/verify");
    assert_ne!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
    assert_ne!(keys[1], keys[2]);
}

#[tokio::test]
async fn every_call_after_a_recorded_answer_gets_a_new_attempt_id() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.always("/poll", Answer::status(202, "{}"));
    let handle = service.started("").await;

    for _ in 0..3 {
        service.step(&handle, "poll", "").await.is_answer();
    }

    let mut keys = keys(&service, "/poll");
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn the_history_lists_attempts_with_what_became_of_them() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::nothing());
    service
        .backend
        .once("/app-attest/verify", Answer::status(429, "{}"));
    for body in [ASSERT, OTHER, ASSERT] {
        service.clock.advance(Duration::from_secs(1));
        service.step(&handle, "assert", body).await;
    }

    let history = service.history(&handle).await;

    assert_snapshot!(broken(history.text()), @r#"
    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "transitions":[{"version":2,"step":"start","from":"created","to":"registered","at":"2026-01-17T12:00:00.000Z","attemptID":"0bf0e802-1820-4de7-82bb-3d225ca9f82e","backendStatus":200,"backend":{"status":"registered","flowID":"flow-1","expiresAt":"2026-01-17T12:05:00Z"}},{"version":4,"step":"client-data-hash","from":"registered","to":"hash_issued","at":"2026-01-17T12:00:00.000Z","attemptID":"a90a78e8-2a72-437d-9adb-2018997516ad","backendStatus":200,"backend":{"clientDataHash_base64":"aGFzaA==","expiresAt":"2026-01-17T12:04:00Z"}},{"version":10,"step":"assert","from":"hash_issued","to":"verified","at":"2026-01-17T12:00:03.000Z","attemptID":"1dcf46da-da35-4491-8d90-6e0294070f64","backendStatus":200,"backend":{"verified":true,"signCount":1}}],
    "attempts":[{"step":"assert","attemptID":"ff584f86-833d-49dd-8e37-6bde1c4c2908","at":"2026-01-17T12:00:01.000Z","code":"backend_unavailable","outcome":"unknown"},{"step":"assert","attemptID":"1e33e54c-f6aa-4d56-97a6-0f3a881909f2","at":"2026-01-17T12:00:02.000Z","code":"backend_error","outcome":"answered","backendStatus":429}]}
    "#);
}

#[tokio::test]
async fn the_history_lists_the_latest_16_attempts() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .always("/app-attest/verify", Answer::status(500, ""));

    for number in 0..20 {
        let body = format!(r#"{{"assertionObject_base64":"{number}"}}"#);
        service.step(&handle, "assert", body).await;
    }

    let attempts = service.history(&handle).await.member("/attempts").unwrap();
    let listed: Vec<_> = attempts.as_array().unwrap().iter().collect();
    let keys = keys(&service, "/app-attest/verify");
    assert_eq!(listed.len(), 16);
    assert_eq!(listed[0]["attemptID"], keys[4].as_str());
    assert_eq!(listed[15]["attemptID"], keys[19].as_str());
}

#[tokio::test]
async fn self_loops_beyond_the_latest_16_are_counted_and_not_listed() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.always("/poll", Answer::status(202, "{}"));
    let handle = service.started("").await;

    for _ in 0..20 {
        service.step(&handle, "poll", "").await.is_answer();
    }

    let history = service.history(&handle).await;
    let transitions = history.member("/transitions").unwrap();
    let transitions = transitions.as_array().unwrap();
    assert_eq!(transitions.len(), 17);
    assert_eq!(transitions[0]["step"], "start");
    let keys = keys(&service, "/poll");
    assert_eq!(transitions[1]["attemptID"], keys[4].as_str());
    assert!(
        transitions
            .iter()
            .all(|entry| entry.get("backend").is_some())
    );
    assert_eq!(history.member("/selfLoopsOmitted"), Some(4.into()));
}
