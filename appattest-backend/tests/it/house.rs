//! An authority inside this process, with a clock that is set and randomness that is counted.

use std::sync::{
    Arc, LazyLock, Mutex,
    atomic::{AtomicU64, Ordering},
};

use appattest_backend::{
    app_id::AppId,
    authority::{Answer, Authority, Call, ChallengePolicy, Options},
    clock::Clock,
    decoder::{decode_base64, encode_base64},
    device::{
        AssertionDefect, AssertionOrder, AttestationDefect, AttestationOrder, Device, Form,
        Profile, TestPki,
    },
    entropy::{Entropy, NoEntropy},
    environment::Environment,
    store::{Binding, Bounds, Store},
    validator::{Acceptance, TrustRoot},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const APP: &str = "ABCDE12345.com.example.app";

/// One test PKI for all tests: P-384 is slow without optimisation.
pub(crate) static PKI: LazyLock<TestPki> =
    LazyLock::new(|| TestPki::generate(&Counted::default(), start()).unwrap());

pub(crate) fn start() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Bytes that differ at each draw and are the same in each run.
#[derive(Debug, Default)]
pub(crate) struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let draw = self.0.fetch_add(1, Ordering::Relaxed);
        for (index, chunk) in bytes.chunks_mut(32).enumerate() {
            let block = Sha256::digest(format!("{draw} {index}"));
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) struct House {
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) entropy: Arc<Counted>,
}

pub(crate) fn acceptance() -> Acceptance {
    Acceptance {
        apps: vec![APP.parse().unwrap()],
        environments: vec![Environment::Production],
    }
}

pub(crate) fn profile(form: Form) -> Profile {
    Profile {
        app: APP.parse::<AppId>().unwrap(),
        environment: Environment::Production,
        form,
        bundle_version: String::from("1314"),
        validation_category: 4,
    }
}

impl House {
    pub(crate) fn open(challenge_policy: ChallengePolicy) -> Self {
        Self::with(challenge_policy, acceptance(), Bounds::default())
    }

    pub(crate) fn with(
        challenge_policy: ChallengePolicy,
        acceptance: Acceptance,
        bounds: Bounds,
    ) -> Self {
        let clock = Arc::new(ManualClock(Mutex::new(start())));
        let entropy = Arc::new(Counted(AtomicU64::new(1000)));
        let root = TrustRoot::test(PKI.root_pem().as_bytes()).unwrap();
        let binding = Binding {
            trust_anchor: root.fingerprint(),
            challenge_policy: challenge_policy.as_str(),
        };
        let store = Store::open(None, binding, bounds).unwrap();
        let options = Options {
            acceptance,
            challenge_policy,
            root,
            certificates_at: None,
        };
        let authority = Authority::new(options, store, clock.clone(), entropy.clone());
        Self {
            authority: Arc::new(authority),
            clock,
            entropy,
        }
    }

    pub(crate) fn call(&self, call: Call, body: &Value) -> (u16, Value) {
        let answer = self
            .authority
            .answer(call, None, body.to_string().as_bytes());
        read(&answer)
    }

    pub(crate) fn device(&self, form: Form) -> Device {
        Device::generate(&*self.entropy, &profile(form)).unwrap()
    }

    /// The members of a registration for this hash.
    pub(crate) fn attestation(
        &self,
        device: &Device,
        hash: &[u8],
        defect: Option<AttestationDefect>,
    ) -> Value {
        let order = AttestationOrder {
            pki: &PKI,
            client_data_hash: hash,
            at: self.clock.now(),
            defect,
        };
        let made = device.attest(&order, &*self.entropy).unwrap();
        json!({
            "keyID_base64": encode_base64(&made.key_id),
            "attestationObject_base64": encode_base64(&made.object),
        })
    }

    /// A registration with a challenge of this authority.
    pub(crate) fn challenged(&self, device: &Device, defect: Option<AttestationDefect>) -> Value {
        let (status, issued) = self.call(Call::Challenge, &json!({}));
        assert_eq!(status, 200);
        let challenge = bytes(&issued["challenge_base64"]);
        let mut body = self.attestation(device, &Sha256::digest(challenge), defect);
        body["challengeID"] = issued["challengeID"].clone();
        body
    }

    /// Registers a device; its flow.
    pub(crate) fn registered(&self, device: &Device) -> String {
        let (status, answer) = self.call(Call::Register, &self.challenged(device, None));
        assert_eq!((status, &answer["status"]), (200, &json!("registered")));
        answer["flowID"].as_str().unwrap().to_owned()
    }

    /// A fresh hash for a flow.
    pub(crate) fn hash(&self, device: &Device, flow: &str) -> Vec<u8> {
        let body = json!({ "keyID_base64": encode_base64(&device.key_id()), "flowID": flow });
        let (status, answer) = self.call(Call::ClientDataHash, &body);
        assert_eq!(status, 200, "{answer}");
        bytes(&answer["clientDataHash_base64"])
    }

    /// The members of a verification of this device's next assertion.
    pub(crate) fn assertion(
        &self,
        device: &mut Device,
        flow: &str,
        hash: &[u8],
        defect: Option<AssertionDefect>,
    ) -> Value {
        let order = AssertionOrder {
            client_data_hash: hash,
            counter: None,
            defect,
        };
        let object = device.assert(&order, &*self.entropy).unwrap();
        json!({
            "keyID_base64": encode_base64(&device.key_id()),
            "flowID": flow,
            "assertionObject_base64": encode_base64(&object),
            "clientDataHash_base64": encode_base64(hash),
        })
    }
}

pub(crate) fn read(answer: &Answer) -> (u16, Value) {
    (
        answer.status(),
        serde_json::from_slice(answer.body()).unwrap(),
    )
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    decode_base64(value.as_str().unwrap()).unwrap()
}
