//! Apple-signed bytes through the real process.

use appattest_backend::{
    app_id::AppId,
    decoder::decode_base64,
    environment::Environment,
    reason::Reason,
    validator::{Acceptance, RegisteredKey, verify_assertion},
};
use serde_json::{Value, json};

use crate::harness::{Reply, Server};

const ATTESTED: [&str; 5] = [
    include_str!("../vectors/apple-guide-2024.json"),
    include_str!("../vectors/apple-guide-2026.json"),
    include_str!("../vectors/uebelack-2024-production.json"),
    include_str!("../vectors/veehaitch-ios-14.2.json"),
    include_str!("../vectors/veehaitch-ios-14.4.json"),
];
const ASSERTION_ONLY: &str = include_str!("../vectors/uebelack-2024-assertion-only.json");

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

struct Vector(Value);

impl Vector {
    fn all() -> Vec<Self> {
        let parse = |text: &str| Self(serde_json::from_str(text).unwrap());
        ATTESTED.into_iter().map(parse).collect()
    }

    fn serve(&self) -> Server {
        Self::serve_as(
            text(&self.0, "appId"),
            text(&self.0, "environment"),
            text(&self.0["attestation"], "verifyAt"),
        )
    }

    fn serve_as(app: &str, environment: &str, at: &str) -> Server {
        Server::start(&[
            "--challenge-policy",
            "client-supplied",
            "--app",
            app,
            "--environment",
            environment,
            "--at",
            at,
        ])
    }

    fn registration(&self) -> Value {
        let attestation = &self.0["attestation"];
        json!({
            "keyID_base64": attestation["keyIdBase64"],
            "attestationObject_base64": attestation["attestationBase64"],
            "clientDataHash_base64": attestation["clientDataHashBase64"],
        })
    }

    fn register(&self, server: &Server) -> Reply {
        server.post("/app-attest/register", &self.registration())
    }

    /// Has the recorded hash issued to a flow, and the recorded assertion verified.
    fn verify(&self, server: &Server, flow: &Value, assertion: &Value) -> Value {
        let mut body = json!({
            "keyID_base64": self.0["attestation"]["keyIdBase64"],
            "flowID": flow,
            "clientDataHash_base64": assertion["clientDataHashBase64"],
        });
        let issued = server.post("/app-attest/client-data-hash", &body);
        assert_eq!(issued.status, 200);
        assert_eq!(
            issued.json()["clientDataHash_base64"],
            assertion["clientDataHashBase64"]
        );
        body["assertionObject_base64"] = assertion["assertionBase64"].clone();
        let verdict = server.post("/app-attest/verify", &body);
        assert_eq!(verdict.status, 200);
        verdict.json()
    }
}

fn refused(reply: &Reply, reason: Reason) {
    assert_eq!(reply.status, 422, "{reason}");
    assert_eq!(reply.json()["status"], "rejected");
    assert_eq!(reply.json()["reason"], reason.code());
}

#[test]
fn every_attestation_is_registered_and_every_assertion_verified_once() {
    for vector in Vector::all() {
        let server = vector.serve();
        let reply = vector.register(&server);
        let answer = reply.json();
        assert_eq!(reply.status, 200, "{answer}");
        assert_eq!(answer["status"], "registered");
        assert_eq!(answer["environment"], vector.0["environment"]);
        assert_eq!(
            answer["keyID_base64"],
            vector.0["attestation"]["keyIdBase64"]
        );
        for assertion in vector.0["assertions"].as_array().unwrap() {
            let verdict = vector.verify(&server, &answer["flowID"], assertion);
            assert_eq!(verdict["verified"], true, "{verdict}");
            assert_eq!(verdict["signCount"], assertion["expectedCounter"]);
            let replay = vector.verify(&server, &answer["flowID"], assertion);
            assert_eq!(replay["verified"], false);
            assert_eq!(replay["reason"], Reason::CounterNotGreater.code());
        }
        // A known key registered once more does not get its counter back.
        if let Some(assertion) = vector.0["assertions"].get(0) {
            let again = vector.register(&server);
            assert_eq!(again.status, 200);
            let replay = vector.verify(&server, &again.json()["flowID"], assertion);
            assert_eq!(replay["reason"], Reason::CounterNotGreater.code());
        }
        assert_eq!(server.get("/health").json()["keyCount"], 1);
        assert_eq!(server.get("/health").json()["trustAnchor"], "apple");
    }
}

#[test]
fn what_ios_27_adds_is_told() {
    let vectors = Vector::all();
    let answers: Vec<Value> = vectors
        .iter()
        .map(|vector| vector.register(&vector.serve()).json())
        .collect();
    assert!(answers[1]["bundleVersion"].is_string(), "{}", answers[1]);
    assert!(answers[1]["validationCategory"].is_u64());
    assert!(answers[0].get("bundleVersion").is_none());
}

#[test]
fn every_attestation_is_refused_with_the_right_reason_when_the_setting_is_wrong() {
    for vector in Vector::all() {
        let app = text(&vector.0, "appId");
        let environment = text(&vector.0, "environment");
        let at = text(&vector.0["attestation"], "verifyAt");
        let other = match environment {
            "production" => "development",
            _ => "production",
        };

        let late = Vector::serve_as(app, environment, "2026-11-22T00:00:00Z");
        refused(&vector.register(&late), Reason::CertificateExpired);
        let early = Vector::serve_as(app, environment, "2020-04-01T00:00:00Z");
        refused(&vector.register(&early), Reason::CertificateNotYetValid);
        let elsewhere = Vector::serve_as(app, other, at);
        refused(&vector.register(&elsewhere), Reason::EnvironmentNotAccepted);
        let strange = Vector::serve_as("AAAAAAAAAA.com.example.other", environment, at);
        refused(&vector.register(&strange), Reason::RpIdHashMismatch);

        let mut body = vector.registration();
        body["clientDataHash_base64"] = json!("AAAA");
        let server = vector.serve();
        refused(
            &server.post("/app-attest/register", &body),
            Reason::NonceMismatch,
        );
        let mut body = vector.registration();
        body["keyID_base64"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        refused(
            &server.post("/app-attest/register", &body),
            Reason::KeyIdMismatch,
        );
        assert_eq!(server.get("/health").json()["keyCount"], 0);
    }
}

#[test]
fn a_recorded_assertion_of_a_key_without_attestation_is_verified() {
    let vector: Value = serde_json::from_str(ASSERTION_ONLY).unwrap();
    let app: AppId = text(&vector, "appId").parse().unwrap();
    let assertion = &vector["assertions"][0];
    let bytes = |value: &Value, name: &str| decode_base64(text(value, name)).unwrap();
    let key = RegisteredKey {
        public_key: bytes(&vector, "publicKeyX963Base64").try_into().unwrap(),
        rp_id_hash: app.rp_id_hash(),
        environment: Environment::Production,
    };
    let acceptance = Acceptance {
        apps: vec![app],
        environments: vec![Environment::Production],
    };
    let object = bytes(assertion, "assertionBase64");
    let hash = bytes(assertion, "clientDataHashBase64");
    let verified = verify_assertion(&object, &hash, &key, &acceptance).unwrap();
    assert_eq!(verified.counter, 1);
    assert_eq!(
        verify_assertion(&object, &[], &key, &acceptance),
        Err(Reason::SignatureInvalid)
    );
    // What is accepted may have changed since the key was registered.
    let elsewhere = Acceptance {
        environments: vec![Environment::Development],
        ..acceptance.clone()
    };
    assert_eq!(
        verify_assertion(&object, &hash, &key, &elsewhere),
        Err(Reason::EnvironmentNotAccepted)
    );
    let other: AppId = "AAAAAAAAAA.com.example.other".parse().unwrap();
    let moved = RegisteredKey {
        rp_id_hash: other.rp_id_hash(),
        ..key.clone()
    };
    assert_eq!(
        verify_assertion(&object, &hash, &moved, &acceptance),
        Err(Reason::RpIdHashMismatch)
    );
    let strangers = Acceptance {
        apps: vec![other],
        ..acceptance
    };
    assert_eq!(
        verify_assertion(&object, &hash, &key, &strangers),
        Err(Reason::RpIdHashMismatch)
    );
}
