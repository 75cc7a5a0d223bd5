//! `app-attest-challenge` against an authority that speaks the public backend's dialect and
//! verifies for real, and a simulated device under a test root.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; it also asks the authority directly"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::device::{APP, Device};
use crate::harness::{Integrator, Reply, authority};

/// Device, authority, what lies between it and the integrator, and the integrator.
struct World {
    device: Device,
    authority: Program,
    proxy: Proxy,
    integrator: Integrator,
}

impl World {
    fn new() -> Self {
        let device = Device::new();
        let flags = ["--app", APP, "--trust-anchor", &device.root()];
        let authority = authority("public-dialect", &flags);
        let proxy = Proxy::start(authority.address);
        let url = format!("http://{}", proxy.address());
        let integrator = Integrator::of("app-attest-challenge", &url);
        Self {
            device,
            authority,
            proxy,
            integrator,
        }
    }

    /// A registration in the dialect, for a challenge that the product backend made.
    fn registration(&self, more: &[&str]) -> Value {
        let made = self.device.attest("AAECAwQFBgc=", more);
        json!({
            "keyID": made["keyID_base64"],
            "attestationObject": made["attestationObject_base64"],
            "clientDataHash_base64": made["clientDataHash_base64"],
        })
    }

    /// Starts a flow with a new key.
    async fn registered(&self) -> Reply {
        self.device.forget_key();
        let started = self.integrator.start(&self.registration(&[])).await;
        assert_eq!(started.text("/state"), "registered");
        started
    }

    async fn challenged(&self, handle: &str) -> Reply {
        let challenged = self.integrator.step(handle, "challenge", &json!({})).await;
        assert_eq!(challenged.text("/state"), "challenged");
        challenged
    }

    /// What the device sends for a challenge: client data, and an assertion of its hash.
    fn assertion(&self, challenge: &Value, more: &[&str]) -> Value {
        let data = json!({
            "challenge_b64": challenge["challenge_b64"],
            "challenge_id": challenge["challenge_id"],
            "origin": "app",
        });
        self.assertion_of(&data.to_string(), more)
    }

    fn assertion_of(&self, data: &str, more: &[&str]) -> Value {
        let hash = STANDARD.encode(Sha256::digest(data));
        let mut assertion = self.device.assert(&hash, more);
        assertion["clientData_base64"] = json!(STANDARD.encode(data));
        assertion
    }

    /// Has the authority verify an assertion without the integrator; returns its answer.
    async fn verified_elsewhere(&self, started: &Reply) -> Value {
        let (flow, key) = (started.text("/flowID"), started.text("/keyID"));
        let mut url = reqwest::Url::parse(&self.authority.url()).expect("a URL");
        url.set_path("/app-attest/challenge");
        url.query_pairs_mut()
            .append_pair("flowID", &flow)
            .append_pair("keyID", &key);
        let challenge = answered(reqwest::Client::new().get(url)).await.1;
        let mut asked = self.assertion(&challenge, &[]);
        asked["keyID"] = json!(key);
        asked["flowID"] = json!(flow);
        asked["challenge_id"] = challenge["challenge_id"].clone();
        let url = format!("{}/app-attest/verify", self.authority.url());
        let request = reqwest::Client::new().post(url).body(asked.to_string());
        answered(request).await.1
    }
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the authority answers");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn a_device_registers_fetches_a_challenge_and_is_verified() {
    let world = World::new();
    let mut registration = world.registration(&[]);
    registration["verifyRunID"] = json!("run-1");

    let started = world.integrator.start(&registration).await;
    let handle = started.handle();
    let challenged = world.challenged(&handle).await;
    let assertion = world.assertion(&challenged.json(), &[]);
    let verified = world.integrator.step(&handle, "assert", &assertion).await;

    assert_eq!(started.text("/flowID"), started.text("/backend/flowID"));
    assert_eq!(
        challenged.text("/expiresAt"),
        challenged.text("/backend/expiresAt")
    );
    assert_eq!(verified.text("/state"), "verified");
    assert_eq!(verified.member("/terminal"), json!(true));
    assert_eq!(verified.text("/backend/status"), "verified");
    assert_eq!(verified.text("/backend/verifyRunID"), "run-1");
}

#[tokio::test]
async fn no_rejected_registration_is_ever_registered_though_its_status_is_200() {
    let world = World::new();
    for (defect, reason) in world.device.defects("attestation") {
        let registration = world.registration(&["--defect", &defect]);
        let started = world.integrator.start(&registration).await;

        assert_eq!(started.status, 200, "{defect}");
        if reason.is_null() {
            assert_eq!(started.text("/state"), "registered", "{defect}");
        } else {
            assert_eq!(started.text("/state"), "refused", "{defect}");
            assert_eq!(started.text("/backend/status"), "rejected", "{defect}");
            assert_eq!(started.member("/flowID"), Value::Null, "{defect}");
            assert!(!started.text("/backend/reason").is_empty(), "{defect}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_told_in_the_dialects_words() {
    let world = World::new();
    let taken = world.registration(&[]);
    world.integrator.start(&taken).await;
    let spoiled = |member: &str, value: &str| {
        let mut registration = taken.clone();
        registration[member] = json!(value);
        registration
    };
    for (registration, reason) in [
        (taken.clone(), "KEY_REUSE_ATTEMPT"),
        (spoiled("keyID", "AAAA"), "INVALID_FORMAT"),
        (spoiled("attestationObject", "*"), "INVALID_FORMAT"),
        (
            spoiled("clientDataHash_base64", "*"),
            "INVALID_CLIENT_DATA_HASH",
        ),
        (
            spoiled("clientDataHash_base64", "AAAA"),
            "CLIENT_DATA_HASH_INVALID_LENGTH",
        ),
        (
            spoiled("challenge_base64", "AAAA"),
            "CLIENT_DATA_HASH_MISMATCH",
        ),
    ] {
        let started = world.integrator.start(&registration).await;
        assert_eq!(started.text("/state"), "refused", "{reason}");
        assert_eq!(started.text("/backend/reason"), reason);
    }
}

#[tokio::test]
async fn every_bad_assertion_ends_its_flow_as_rejected() {
    let world = World::new();
    for (defect, reason) in world.device.defects("assertion") {
        let started = world.registered().await;
        // Defects that repeat an earlier assertion need two that were verified.
        let repeats = ["reused-counter", "out-of-order", "replayed"].contains(&defect.as_str());
        for _ in 0..if repeats { 2 } else { 0 } {
            let earlier = world.verified_elsewhere(&started).await;
            assert_eq!(earlier["status"], json!("verified"), "{earlier}");
        }
        let handle = started.handle();
        let challenged = world.challenged(&handle).await;
        let assertion = world.assertion(&challenged.json(), &["--defect", &defect]);

        let judged = world.integrator.step(&handle, "assert", &assertion).await;

        let expected = if reason.is_null() {
            "verified"
        } else {
            "rejected"
        };
        assert_eq!(judged.status, 200, "{defect}");
        assert_eq!(judged.text("/state"), expected, "{defect}");
        assert_eq!(judged.text("/backend/status"), expected, "{defect}");
    }
}

#[tokio::test]
async fn a_challenge_that_was_used_elsewhere_is_rejected_as_replayed() {
    let world = World::new();
    let started = world.registered().await;
    let handle = started.handle();
    let challenged = world.challenged(&handle).await;
    world.verified_elsewhere(&started).await;

    let assertion = world.assertion(&challenged.json(), &[]);
    let judged = world.integrator.step(&handle, "assert", &assertion).await;

    assert_eq!(judged.text("/state"), "rejected");
    assert_eq!(judged.text("/backend/reason"), "REPLAYED_CHALLENGE");
}

#[tokio::test]
async fn client_data_without_the_flows_challenge_is_rejected() {
    let world = World::new();
    let another = "{\"challenge\":\"AAAA\"}";
    for data in ["no JSON", "{}", another] {
        let handle = world.registered().await.handle();
        world.challenged(&handle).await;
        let assertion = world.assertion_of(data, &[]);

        let judged = world.integrator.step(&handle, "assert", &assertion).await;

        assert_eq!(judged.text("/state"), "rejected", "{data}");
        assert_eq!(
            judged.text("/backend/reason"),
            "CLIENT_DATA_HASH_INVALID_LENGTH"
        );
    }
}

#[tokio::test]
async fn what_the_authority_cannot_read_is_its_400_and_moves_nothing() {
    let world = World::new();
    let mut registration = world.registration(&[]);
    registration["challenge_base64"] = json!(7);
    let unread = world.integrator.start(&registration).await;
    let handle = world.registered().await.handle();
    let challenged = world.challenged(&handle).await;
    let mut assertion = world.assertion(&challenged.json(), &[]);
    assertion["verifyRunID"] = json!(7);

    let refused = world.integrator.step(&handle, "assert", &assertion).await;

    for reply in [&unread, &refused] {
        assert_eq!(reply.text("/code"), "backend_error");
        assert_eq!(reply.member("/backendStatus"), json!(400));
        assert_eq!(reply.member("/backend/error"), json!(true));
    }
    assert_eq!(world.integrator.state(&handle).await, "challenged");
}

#[tokio::test]
async fn a_verification_whose_answer_was_lost_is_held_and_not_made_again() {
    let world = World::new();
    let started = world.registered().await;
    let handle = started.handle();
    let challenged = world.challenged(&handle).await;
    let assertion = world.assertion(&challenged.json(), &[]);
    world
        .proxy
        .when_sent(b"POST /app-attest/verify", Action::LoseReply);

    let lost = world.integrator.step(&handle, "assert", &assertion).await;
    let again = world.integrator.step(&handle, "assert", &assertion).await;

    assert_eq!(lost.text("/outcome"), "unknown");
    assert_eq!(again.text("/code"), "outcome_unknown");
    assert_eq!(world.integrator.state(&handle).await, "challenged");
}

#[tokio::test]
async fn the_flow_brings_key_flow_and_challenge_and_the_caller_may_not() {
    let world = World::new();
    let handle = world.registered().await.handle();
    let elsewhere = json!({"flowID": "another"});
    let asked = world
        .integrator
        .step(&handle, "challenge", &elsewhere)
        .await;
    world.challenged(&handle).await;
    for member in ["keyID", "flowID", "challenge_id"] {
        let mut assertion = world.assertion_of("{}", &[]);
        assertion[member] = json!("another");
        let brought = world.integrator.step(&handle, "assert", &assertion).await;
        assert_eq!(brought.text("/code"), "invalid_input", "{member}");
    }
    assert_eq!(asked.text("/code"), "invalid_input");
}

#[tokio::test]
async fn the_authority_speaks_the_dialect_where_the_integrator_does_not_go() {
    let world = World::new();
    let register = format!("{}/app-attest/register", world.authority.url());
    let challenge = format!("{}/app-attest/challenge?keyID=AAAA", world.authority.url());

    let (method, told) = answered(reqwest::Client::new().get(register)).await;
    assert_eq!((method, &told["error"]), (405, &json!(true)));
    let (status, told) = answered(reqwest::Client::new().get(challenge)).await;
    assert_eq!((status, &told["error"]), (400, &json!(true)));
}
