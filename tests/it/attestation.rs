//! Recorded attestations and assertions of real devices, through both real processes; and the
//! demonstration, whose device is simulated.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first thing that is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::program::{INTEGRATOR, Program, reference_backend};
use crate::harness::{Client, Reply, Request};

/// A recorded key: its attestation, and the assertions that were made with it.
struct Vector(Value);

impl Vector {
    /// Every vector that has an attestation.
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("appattest-backend/tests/vectors");
        let files = std::fs::read_dir(folder).expect("the vectors are there");
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        files.retain(|file| {
            file.extension()
                .is_some_and(|extension| extension == "json")
        });
        files.sort();
        let read = |file: &PathBuf| {
            let text = std::fs::read(file).expect("a vector can be read");
            Self(serde_json::from_slice(&text).expect("a vector is JSON"))
        };
        let vectors: Vec<Self> = files
            .iter()
            .map(read)
            .filter(|vector| vector.0["attestation"].is_object())
            .collect();
        assert!(vectors.len() >= 5, "only {} vectors", vectors.len());
        vectors
    }

    /// One that has assertions too.
    fn with_assertion() -> Self {
        let asserts = |vector: &Self| !vector.assertions().is_empty();
        Self::all()
            .into_iter()
            .find(asserts)
            .expect("a vector with an assertion")
    }

    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .expect("a member of the vector")
    }

    fn assertions(&self) -> &[Value] {
        self.0["assertions"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// Both processes, with the backend at the time, for the application and in the environment that
/// are said.
struct Processes {
    client: Client,
    _integrator: Program,
    _backend: Program,
}

impl Processes {
    async fn as_recorded(vector: &Vector) -> Self {
        let at = vector.text("/attestation/verifyAt");
        Self::start(at, vector.text("/appId"), vector.text("/environment")).await
    }

    async fn start(at: &str, app: &str, environment: &str) -> Self {
        let mut command = Command::new(reference_backend());
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--challenge-policy",
            "client-supplied",
        ]);
        command.args(["--at", at, "--app", app, "--environment", environment]);
        let backend = Program::start(command);
        let mut command = Command::new(INTEGRATOR);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.env(
            "APP_ATTEST_BACKEND_BASE_URL",
            format!("http://{}", backend.address),
        );
        let integrator = Program::start(command);
        let client = Client::connect(integrator.address).await;
        Self {
            client,
            _integrator: integrator,
            _backend: backend,
        }
    }

    async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.client
            .ask(&Request::post(path, body.to_string()))
            .await
    }

    async fn attest(&mut self, vector: &Vector, hash: &str) -> Reply {
        let request = json!({
            "keyID_base64": vector.text("/attestation/keyIdBase64"),
            "attestationObject_base64": vector.text("/attestation/attestationBase64"),
            "clientDataHash_base64": hash,
        });
        self.post("/v1/flows/start", &request).await
    }

    async fn attest_as_recorded(&mut self, vector: &Vector) -> String {
        let started = self
            .attest(vector, vector.text("/attestation/clientDataHashBase64"))
            .await;
        assert_eq!(started.status, 200, "{}", started.text());
        assert_eq!(started.string("/state"), "registered");
        assert_eq!(
            started.string("/backend/environment"),
            vector.text("/environment")
        );
        started.string("/flowHandle")
    }

    async fn assert(&mut self, handle: &str, assertion: &Value) -> Reply {
        let hash = json!({ "clientDataHash_base64": assertion["clientDataHashBase64"] });
        let issued = self
            .post(&format!("/v1/flows/{handle}/client-data-hash"), &hash)
            .await;
        assert_eq!(issued.string("/state"), "hash_issued", "{}", issued.text());
        let request = json!({ "assertionObject_base64": assertion["assertionBase64"] });
        self.post(&format!("/v1/flows/{handle}/assert"), &request)
            .await
    }
}

/// The backend's reason for a registration that it refused, which leaves no flow.
fn refused(reply: &Reply) -> String {
    assert_eq!(
        reply.code().as_deref(),
        Some("backend_error"),
        "{}",
        reply.text()
    );
    assert_eq!(reply.member("/backendStatus"), Some(json!(422)));
    assert_eq!(reply.member("/flowHandle"), None);
    reply.string("/backend/reason")
}

#[tokio::test]
async fn every_recorded_key_attests_and_asserts_through_both_processes() {
    for vector in Vector::all() {
        let mut processes = Processes::as_recorded(&vector).await;
        let handle = processes.attest_as_recorded(&vector).await;
        for assertion in vector.assertions() {
            let verified = processes.assert(&handle, assertion).await;
            assert_eq!(verified.string("/state"), "verified", "{}", verified.text());
            assert_eq!(
                verified.member("/backend/signCount").as_ref(),
                Some(&assertion["expectedCounter"])
            );
        }
    }
}

#[tokio::test]
async fn a_recorded_key_is_refused_for_another_time_application_or_environment() {
    let vector = Vector::with_assertion();
    let recorded = (
        vector.text("/attestation/verifyAt"),
        vector.text("/appId"),
        vector.text("/environment"),
    );
    let hash = vector.text("/attestation/clientDataHashBase64");
    for ((at, app, environment), reason) in [
        (
            ("2026-11-22T00:00:00Z", recorded.1, recorded.2),
            "CERTIFICATE_EXPIRED",
        ),
        (
            (recorded.0, "AAAAAAAAAA.com.example.other", recorded.2),
            "RPID_HASH_MISMATCH",
        ),
        (
            (recorded.0, recorded.1, "production"),
            "ENVIRONMENT_NOT_ACCEPTED",
        ),
    ] {
        let mut processes = Processes::start(at, app, environment).await;
        assert_eq!(refused(&processes.attest(&vector, hash).await), reason);
    }
}

#[tokio::test]
async fn a_recorded_key_is_refused_for_another_hash() {
    let vector = Vector::with_assertion();
    let mut processes = Processes::as_recorded(&vector).await;
    let refusal = processes
        .attest(&vector, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .await;
    assert_eq!(refused(&refusal), "NONCE_MISMATCH");
}

#[tokio::test]
async fn an_assertion_that_was_seen_before_ends_its_second_flow_as_rejected() {
    let vector = Vector::with_assertion();
    let mut processes = Processes::as_recorded(&vector).await;
    let first = processes.attest_as_recorded(&vector).await;
    let assertion = &vector.assertions()[0];
    assert_eq!(
        processes.assert(&first, assertion).await.string("/state"),
        "verified"
    );
    let second = processes.attest_as_recorded(&vector).await;
    let replayed = processes.assert(&second, assertion).await;
    assert_eq!(replayed.string("/state"), "rejected", "{}", replayed.text());
    assert_eq!(replayed.string("/backend/reason"), "COUNTER_NOT_GREATER");
}

#[test]
fn the_demonstration_shows_a_verified_flow_a_replay_a_refusal_and_a_rejection() {
    reference_backend();
    let shown = Command::new(INTEGRATOR)
        .args(["demo", "--once"])
        .output()
        .expect("it runs");
    let text = String::from_utf8(shown.stdout).expect("it shows text");
    let errors = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success(), "{text}\n{errors}");
    for sight in [
        "state     verified",
        "Idempotent-Replayed: true",
        "sequence_violation",
        "state     rejected",
    ] {
        assert!(text.contains(sight), "no '{sight}' in:\n{text}");
    }
}
