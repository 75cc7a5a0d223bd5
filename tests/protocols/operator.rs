//! The operator's half of pairing and sessions, and the person in front of the host.
//!
//! The operator derives its keys by itself, from the RFCs: X25519 (7748), HKDF (5869) by its two
//! steps over HMAC-SHA-256. It shares no code with the host.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; the person asks the host directly"
)]

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use integrator_testbed::program::Program;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::authority;

/// The key of the person in front of the host.
const PERSON_KEY: &str = "of-the-person";

/// One of the host's two programs as a process, with more flags.
pub(crate) fn host(program: &str, more: &[&str]) -> Program {
    let mut flags = vec!["--person-key", PERSON_KEY];
    flags.extend(more);
    authority(program, &flags)
}

/// What the person does at the host, which does not go through the integrator.
pub(crate) async fn person(host: &Program, method: Method, path: &str, body: Value) -> Value {
    let (status, body) = ask(host, Some(PERSON_KEY), method, path, body).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// A request straight to the host, with or without a person's key.
pub(crate) async fn ask(
    host: &Program,
    key: Option<&str>,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let url = format!("{}{path}", host.url());
    let mut request = reqwest::Client::new().request(method, url);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let response = request.body(body.to_string()).send().await;
    let response = response.expect("the host answers");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

/// An operator's key pair: one for a pairing, and a fresh one for each session.
pub(crate) struct Operator {
    private: PrivateKey,
    public: Vec<u8>,
}

impl Operator {
    pub(crate) fn new() -> Self {
        let private = PrivateKey::generate(&X25519).expect("a key");
        let public = private.compute_public_key().expect("its public half");
        Self {
            public: public.as_ref().to_vec(),
            private,
        }
    }

    /// The body of a request to be paired, with a proof of the invite's secret.
    pub(crate) fn request(&self, invite: &Invite, permissions: u32) -> Value {
        let id = uuid(&invite.id);
        let mask = permissions.to_be_bytes();
        let name = digest::digest(&digest::SHA256, b"Ada");
        let proven = [&id, &invite.host_key, name.as_ref(), &self.public, &mask];
        json!({
            "operator": "Ada",
            "operatorKey_base64": STANDARD.encode(&self.public),
            "permissions": permissions,
            "proof_base64": tag(&invite.secret, "pair-request", &proven.concat()),
        })
    }

    /// The six digits that this side shows.
    pub(crate) fn digits(&self, invite: &Invite) -> String {
        let both = [invite.host_key.as_slice(), &self.public].concat();
        let derived = hkdf(&[], &self.shared(&invite.host_key), "short-string", &both);
        let first: [u8; 4] = derived[..4].try_into().expect("four bytes");
        format!("{:06}", u32::from_be_bytes(first) % 1_000_000)
    }

    /// The key that only the host has too.
    pub(crate) fn pairing_key(&self, invite: &Invite) -> Vec<u8> {
        let both = [invite.host_key.as_slice(), &self.public].concat();
        let shared = self.shared(&invite.host_key);
        hkdf(&invite.secret, &shared, "pairing-key", &both)
    }

    /// The body of a request for a session.
    pub(crate) fn session_request(&self, pairing: &Paired, permissions: u32) -> Value {
        let mask = permissions.to_be_bytes();
        let proven = [&uuid(&pairing.id), &self.public, mask.as_slice()].concat();
        json!({
            "pairingID": pairing.id,
            "operatorKey_base64": STANDARD.encode(&self.public),
            "permissions": permissions,
            "proof_base64": tag(&pairing.key, "session-request", &proven),
        })
    }

    /// The body of such a request with a key that is none, proven as it should be.
    pub(crate) fn keyless_request(pairing: &Paired) -> Value {
        let neutral = [0; 32];
        let mask = 1_u32.to_be_bytes();
        let proven = [&uuid(&pairing.id), neutral.as_slice(), &mask].concat();
        json!({
            "pairingID": pairing.id,
            "operatorKey_base64": STANDARD.encode(neutral),
            "permissions": 1,
            "proof_base64": tag(&pairing.key, "session-request", &proven),
        })
    }

    pub(crate) fn session_key(&self, pairing: &Paired, id: &str, host_key: &str) -> Vec<u8> {
        let host_key = decode(host_key);
        let context = [&uuid(id), host_key.as_slice(), &self.public].concat();
        let shared = self.shared(&host_key);
        hkdf(&pairing.key, &shared, "session-key", &context)
    }

    fn shared(&self, host_key: &[u8]) -> Vec<u8> {
        let host_key = UnparsedPublicKey::new(&X25519, host_key);
        agree(&self.private, host_key, Unspecified, |shared| {
            Ok(shared.to_vec())
        })
        .expect("the host's key is a key")
    }
}

/// An invite as the operator has it: the secret from the host's screen, the rest by the flow.
pub(crate) struct Invite {
    pub(crate) id: String,
    pub(crate) host_key: Vec<u8>,
    pub(crate) secret: Vec<u8>,
}

/// A pairing as the operator keeps it.
pub(crate) struct Paired {
    pub(crate) id: String,
    pub(crate) key: Vec<u8>,
    /// The invite that led to it.
    pub(crate) invite: String,
}

/// A proof of a key, base64.
pub(crate) fn tag(key: &[u8], label: &str, context: &[u8]) -> String {
    let message = [label.as_bytes(), context].concat();
    STANDARD.encode(sign(&Key::new(HMAC_SHA256, key), &message))
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

/// A UUID as its 16 bytes.
pub(crate) fn uuid(text: &str) -> Vec<u8> {
    let id: Uuid = text.parse().expect("a UUID");
    id.as_bytes().to_vec()
}

/// RFC 5869: extract, then the first block of expand.
fn hkdf(salt: &[u8], secret: &[u8], label: &str, context: &[u8]) -> Vec<u8> {
    let extracted = sign(&Key::new(HMAC_SHA256, salt), secret);
    let message = [label.as_bytes(), context, &[1]].concat();
    let key = Key::new(HMAC_SHA256, extracted.as_ref());
    sign(&key, &message).as_ref().to_vec()
}
