//! `app-attest-enrollment` against the reference backend and a simulated device under a test root.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};

use crate::device::{Device, backend_at};
use crate::harness::{Integrator, Reply};

const ANY_PORT: &str = "127.0.0.1:0";

/// Device, backend, what lies between it and the integrator, and the integrator.
struct World {
    device: Device,
    backend: Program,
    proxy: Proxy,
    integrator: Integrator,
}

impl World {
    fn new() -> Self {
        let device = Device::new();
        let backend = backend_at(ANY_PORT, &device);
        let proxy = Proxy::start(backend.address);
        let url = format!("http://{}", proxy.address());
        let integrator = Integrator::of("app-attest-enrollment", &url);
        Self {
            device,
            backend,
            proxy,
            integrator,
        }
    }

    /// Runs a step of the flow that `started` began.
    async fn step(&self, started: &Reply, step: &str, body: &Value) -> Reply {
        self.integrator.step(&started.handle(), step, body).await
    }

    async fn challenged(&self) -> Reply {
        let started = self.integrator.start(&json!({})).await;
        assert_eq!(started.text("/state"), "challenged");
        started
    }

    /// Starts a flow and registers the device's key in it; returns the handle.
    async fn registered(&self) -> String {
        let started = self.challenged().await;
        let attestation = self.attestation(&started, &[]);
        let handle = started.handle();
        let attested = self.integrator.step(&handle, "attest", &attestation).await;
        assert_eq!(attested.text("/state"), "registered");
        handle
    }

    /// What the device sends for the challenge that an observation shows.
    fn attestation(&self, observation: &Reply, more: &[&str]) -> Value {
        let challenge = observation.text("/challenge_base64");
        let mut attestation = self.device.attest(&challenge, more);
        let members = attestation.as_object_mut().expect("an object");
        // The client data hash follows from the challenge, which the flow names by its id.
        members.remove("clientDataHash_base64");
        attestation
    }

    /// Asks for a hash and has the device sign it.
    async fn assertion(&self, handle: &str, more: &[&str]) -> Reply {
        let step = |name, body| self.integrator.step(handle, name, body);
        let issued = step("client-data-hash", &json!({})).await;
        assert_eq!(issued.text("/state"), "hash_issued");
        let hash = issued.text("/clientDataHash_base64");
        let assertion = self.device.assert(&hash, more);
        self.integrator.step(handle, "assert", &assertion).await
    }

    async fn status(&self, handle: &str) -> Reply {
        self.integrator
            .get(&format!("/v1/flows/{handle}/status"))
            .await
    }

    async fn same_challenge(&self, started: &Reply) {
        let read = self.status(&started.handle()).await;
        assert_eq!(read.text("/state"), "challenged");
        for member in ["/challengeID", "/challenge_base64", "/expiresAt"] {
            assert_eq!(read.text(member), started.text(member), "{member}");
        }
    }
}

#[tokio::test]
async fn a_device_enrolls_by_its_challenge_and_asserts_more_than_once_in_one_flow() {
    let world = World::new();
    let handle = world.registered().await;

    for count in 1..=3 {
        let verified = world.assertion(&handle, &[]).await;
        assert_eq!(verified.text("/state"), "verified");
        assert_eq!(verified.member("/terminal"), json!(false));
        assert_eq!(verified.member("/backend/signCount"), json!(count));
    }
}

#[tokio::test]
async fn the_registration_names_the_flow_and_each_answer_sets_its_deadline() {
    let world = World::new();
    let started = world.challenged().await;
    assert_eq!(started.member("/flowID"), Value::Null);
    assert_eq!(
        started.text("/expiresAt"),
        started.text("/backend/expiresAt")
    );
    let handle = started.handle();

    let attestation = world.attestation(&started, &[]);
    let attested = world.integrator.step(&handle, "attest", &attestation).await;
    assert_eq!(attested.text("/flowID"), attested.text("/backend/flowID"));
    assert_eq!(
        attested.text("/keyID_base64"),
        attestation["keyID_base64"].as_str().expect("a key id")
    );
    let issued = world
        .integrator
        .step(&handle, "client-data-hash", &json!({}))
        .await;

    for reply in [&attested, &issued] {
        assert_eq!(reply.text("/expiresAt"), reply.text("/backend/expiresAt"));
    }
}

#[tokio::test]
async fn a_keyed_start_and_every_read_give_the_same_challenge_byte_for_byte() {
    let world = World::new();
    let keyed = [
        ("content-type", "application/json"),
        ("idempotency-key", "a-1"),
    ];
    let started = world.integrator.send("/v1/flows/start", &keyed, "{}").await;
    let handle = started.handle();

    let again = world.integrator.send("/v1/flows/start", &keyed, "{}").await;
    let answer = world
        .integrator
        .get(&format!("/v1/flows/{handle}/steps/start/response"))
        .await;

    assert_eq!(again.body, started.body);
    assert!(again.headers.contains_key("idempotent-replayed"));
    assert_eq!(
        answer.text("/challenge_base64"),
        started.text("/challenge_base64")
    );
    let recorded = String::from_utf8(answer.body).expect("text");
    let shown = String::from_utf8(started.body.clone()).expect("text");
    assert!(shown.contains(&recorded), "{recorded} is not in {shown}");
    world.same_challenge(&started).await;
}

#[tokio::test]
async fn a_malformed_attestation_does_not_burn_the_challenge() {
    let world = World::new();
    let started = world.challenged().await;
    let mut attestation = world.attestation(&started, &[]);
    let right = attestation.clone();

    for damaged in ["not base64", "AAAA*"] {
        attestation["attestationObject_base64"] = json!(damaged);
        let refused = world.step(&started, "attest", &attestation).await;
        assert_eq!(refused.text("/code"), "backend_error");
        assert_eq!(refused.member("/backendStatus"), json!(400));
        assert_eq!(refused.text("/backend/reason"), "INVALID_BASE64");
        world.same_challenge(&started).await;
    }

    let attested = world.step(&started, "attest", &right).await;
    assert_eq!(attested.text("/state"), "registered");
}

#[tokio::test]
async fn an_attestation_that_never_arrived_can_be_sent_again_with_the_same_challenge() {
    let world = World::new();
    let started = world.challenged().await;
    let attestation = world.attestation(&started, &[]);
    world
        .proxy
        .when_sent(b"POST /app-attest/register", Action::Drop);

    let lost = world.step(&started, "attest", &attestation).await;
    assert_eq!(lost.text("/code"), "backend_unavailable");
    world.same_challenge(&started).await;
    let attested = world.step(&started, "attest", &attestation).await;

    assert_eq!(attested.text("/state"), "registered");
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_is_recovered_and_registers_once() {
    let world = World::new();
    let started = world.challenged().await;
    let attestation = world.attestation(&started, &[]);
    world
        .proxy
        .when_sent(b"POST /app-attest/register", Action::LoseReply);

    let lost = world.step(&started, "attest", &attestation).await;
    assert_eq!(lost.text("/outcome"), "unknown");
    world.same_challenge(&started).await;
    let attested = world.step(&started, "attest", &attestation).await;

    assert_eq!(attested.text("/state"), "registered");
    let health = health(&world.backend).await;
    assert_eq!(health["flowCount"], json!(1));
}

#[tokio::test]
async fn a_device_that_attests_later_uses_the_same_key_and_the_same_hash() {
    let world = World::new();
    let started = world.challenged().await;
    let first = world.attestation(&started, &[]);

    // The device was told to come back; the product backend reads the flow again.
    let read = world.status(&started.handle()).await;
    let second = world.attestation(&read, &[]);
    let attested = world.step(&started, "attest", &second).await;

    assert_eq!(first["keyID_base64"], second["keyID_base64"]);
    assert_eq!(attested.text("/state"), "registered");
}

#[tokio::test]
async fn every_rejected_attestation_ends_its_flow_as_refused_and_gives_the_backends_reason() {
    let world = World::new();
    for (defect, reason) in world.device.defects("attestation") {
        let started = world.challenged().await;
        let attestation = world.attestation(&started, &["--defect", &defect]);

        let judged = world.step(&started, "attest", &attestation).await;

        if reason.is_null() {
            assert_eq!(judged.text("/state"), "registered", "{defect}");
        } else {
            assert_eq!(judged.status, 200, "{defect}");
            assert_eq!(judged.text("/state"), "refused", "{defect}");
            assert_eq!(judged.member("/terminal"), json!(true), "{defect}");
            assert_eq!(judged.member("/backend/reason"), reason, "{defect}");
        }
    }
}

#[tokio::test]
async fn every_rejected_assertion_is_rejected_for_its_reason_and_the_flow_goes_on() {
    let world = World::new();
    let handle = world.registered().await;
    // Defects that repeat an earlier assertion need two before them.
    for _ in 0..2 {
        let verified = world.assertion(&handle, &[]).await;
        assert_eq!(verified.text("/state"), "verified");
    }
    for (number, (defect, reason)) in world.device.defects("assertion").iter().enumerate() {
        let judged = world.assertion(&handle, &["--defect", defect]).await;

        if reason.is_null() {
            assert_eq!(judged.text("/state"), "verified", "{defect}");
        } else {
            assert_eq!(judged.text("/state"), "rejected", "{defect}");
            // A replayed assertion was signed for another hash than the fresh one.
            let expected = match defect.as_str() {
                "replayed" => json!("SIGNATURE_INVALID"),
                _ => reason.clone(),
            };
            assert_eq!(judged.member("/backend/reason"), expected, "{defect}");
        }
        // Some defects sign a counter that lies back; the next one lies ahead of all.
        let ahead = (100 * (number + 1)).to_string();
        let verified = world.assertion(&handle, &["--counter", &ahead]).await;
        assert_eq!(verified.text("/state"), "verified", "after {defect}");
    }
}

#[tokio::test]
async fn a_hash_is_good_for_one_verdict_and_the_caller_cannot_bring_another() {
    let world = World::new();
    let handle = world.registered().await;
    world.assertion(&handle, &[]).await;

    let another = world.device.assert("AAAA", &[]);
    let early = world.integrator.step(&handle, "assert", &another).await;
    let own = json!({"clientDataHash_base64": "AAAA", "assertionObject_base64": "AAAA"});
    world
        .integrator
        .step(&handle, "client-data-hash", &json!({}))
        .await;
    let brought = world.integrator.step(&handle, "assert", &own).await;

    assert_eq!(early.text("/code"), "sequence_violation");
    assert_eq!(brought.text("/code"), "invalid_input");
}

#[tokio::test]
async fn a_challenge_of_another_flow_cannot_be_brought() {
    let world = World::new();
    let other = world.challenged().await;
    let started = world.challenged().await;
    let mut attestation = world.attestation(&other, &[]);

    let mixed = world.step(&started, "attest", &attestation).await;
    assert_eq!(mixed.text("/state"), "refused");
    assert_eq!(mixed.text("/backend/reason"), "NONCE_MISMATCH");

    attestation["challengeID"] = json!(other.text("/challengeID"));
    let named = world.step(&other, "attest", &attestation).await;
    assert_eq!(named.text("/code"), "invalid_input");
}

#[tokio::test]
async fn a_backend_that_has_forgotten_ends_flows_with_its_own_word() {
    let world = World::new();
    let registered = world.registered().await;
    let started = world.challenged().await;
    let attestation = world.attestation(&started, &[]);
    let address = world.backend.address.to_string();
    drop(world.backend);
    let _restarted = backend_at(&address, &world.device);

    let hash = world
        .integrator
        .step(&registered, "client-data-hash", &json!({}))
        .await;
    let attested = world
        .integrator
        .step(&started.handle(), "attest", &attestation)
        .await;

    assert_eq!(hash.text("/state"), "closed");
    assert_eq!(hash.text("/backend/reason"), "UNKNOWN_KEY");
    assert_eq!(attested.text("/state"), "refused");
    assert_eq!(attested.text("/backend/reason"), "UNKNOWN_CHALLENGE");
}

async fn health(backend: &Program) -> Value {
    let url = format!("{}/health", backend.url());
    let response = reqwest::get(url).await.expect("the backend answers");
    let body = response.bytes().await.expect("a whole body");
    serde_json::from_slice(&body).expect("JSON")
}
