//! What the dialect's authority does as time passes, which its processes do not wait for.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use appattest_backend::decoder::encode_base64;
use appattest_backend::device::{AssertionOrder, AttestationOrder, Device, Form, Profile, TestPki};
use appattest_backend::entropy::SystemEntropy;
use appattest_backend::environment::Environment;
use appattest_backend::validator::{Acceptance, TrustRoot};
use integrator_authorities::public_dialect::Dialect;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const FLOW: Uuid = Uuid::from_u128(7);

/// An authority that knows one key, and the device that holds it.
struct World {
    dialect: Dialect,
    device: Device,
    key_id: String,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let now = "2026-11-22T12:00:00Z".parse().expect("a moment");
        let pki = TestPki::generate(&SystemEntropy, now).expect("a root");
        let app: appattest_backend::app_id::AppId =
            "ABCDE12345.com.example.app".parse().expect("an app");
        let profile = Profile {
            app: app.clone(),
            environment: Environment::Production,
            form: Form::Classic,
            bundle_version: "1".to_owned(),
            validation_category: 4,
        };
        let device = Device::generate(&SystemEntropy, &profile).expect("a device");
        let acceptance = Acceptance {
            apps: vec![app],
            environments: vec![Environment::Production],
        };
        let root = TrustRoot::test(pki.root_pem().as_bytes()).expect("a root");
        let hash = Sha256::digest("challenge");
        let order = AttestationOrder {
            pki: &pki,
            client_data_hash: &hash,
            at: now,
            defect: None,
        };
        let made = device.attest(&order, &SystemEntropy).expect("it attests");
        let key_id = encode_base64(&made.key_id);
        let asked = json!({
            "keyID": key_id,
            "attestationObject": encode_base64(&made.object),
            "clientDataHash_base64": encode_base64(&hash),
        });
        let mut dialect = Dialect::new(acceptance, root);
        let asked = serde_json::from_value(asked).expect("a registration");
        assert_eq!(dialect.register(&asked, FLOW, now), Ok(FLOW));
        Self {
            dialect,
            device,
            key_id,
            now,
        }
    }

    /// The challenge at a moment; a new one has this id.
    fn challenge(&mut self, id: u128, at: Timestamp) -> Value {
        let fresh = (Uuid::from_u128(id), [9; 32]);
        let issued = self.dialect.challenge(FLOW, &self.key_id, fresh, at);
        issued.expect("the key is this flow's")
    }

    fn verify(&mut self, challenge: &Value, at: Timestamp) -> Result<u32, &'static str> {
        let data = json!({"challenge": challenge["challenge_b64"]}).to_string();
        let hash = Sha256::digest(&data);
        let order = AssertionOrder {
            client_data_hash: &hash,
            ..AssertionOrder::default()
        };
        let object = self.device.assert(&order, &SystemEntropy);
        let asked = json!({
            "keyID": self.key_id,
            "flowID": FLOW,
            "challenge_id": challenge["challenge_id"],
            "assertionObject_base64": encode_base64(&object.expect("it asserts")),
            "clientData_base64": encode_base64(data.as_bytes()),
        });
        let asked = serde_json::from_value(asked).expect("a verification");
        self.dialect.verify(&asked, at)
    }

    fn after(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }
}

#[test]
fn a_challenge_lives_300_seconds_and_not_one_longer() {
    let mut world = World::new();
    let now = world.now;
    let challenge = world.challenge(1, now);
    assert_eq!(challenge["expiresAt"], json!("2026-11-22T12:05:00Z"));

    let late = world.verify(&challenge, world.after(300));
    let in_time = world.verify(&challenge, world.after(299));

    assert_eq!(late, Err("EXPIRED_CHALLENGE"));
    // The device counted the late assertion too.
    assert_eq!(in_time, Ok(2));
}

#[test]
fn a_good_challenge_is_issued_again_and_a_spent_or_expired_one_is_not() {
    let mut world = World::new();
    let now = world.now;
    let first = world.challenge(1, now);

    assert_eq!(world.challenge(2, now), first);
    assert_eq!(world.verify(&first, now), Ok(1));
    let second = world.challenge(3, now);
    assert_eq!(second["challenge_id"], json!(Uuid::from_u128(3)));
    let third = world.challenge(4, world.after(300));
    assert_eq!(third["challenge_id"], json!(Uuid::from_u128(4)));
    assert_eq!(world.verify(&first, now), Err("REPLAYED_CHALLENGE"));
}

#[test]
fn a_challenge_is_for_one_flow_and_a_verification_for_one_that_is_known() {
    let mut world = World::new();
    let now = world.now;
    let fresh = (Uuid::from_u128(1), [9; 32]);

    let other = world
        .dialect
        .challenge(Uuid::from_u128(8), &world.key_id, fresh, now);
    let made_up = json!({"challenge_b64": "AAAA", "challenge_id": Uuid::from_u128(5)});

    assert_eq!(other, Err("IDENTITY_MISMATCH"));
    assert_eq!(
        world.verify(&made_up, now),
        Err("CLIENT_DATA_HASH_NOT_FOUND")
    );
}
