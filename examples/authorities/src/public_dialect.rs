//! An App Attest authority that speaks the wire dialect of the public `appattest-backend`.
//!
//! The words on the wire are that program's; the judging is the reference backend's, so a verdict
//! here is a real one. Where the public program is weaker (it spends a challenge before it has
//! judged, issues a spent one again, and compares the counter before the signature) this one is
//! not, since none of that shows in the dialect.

use std::collections::HashMap;

use appattest_backend::clock::{after, rfc3339};
use appattest_backend::decoder::{decode_base64, encode_base64};
use appattest_backend::reason::Reason;
use appattest_backend::validator::{
    Acceptance, RegisteredKey, TrustRoot, verify_assertion, verify_attestation,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How long a challenge lives.
const CHALLENGE_TTL: SignedDuration = SignedDuration::from_secs(300);

/// What comes of it, or why it is rejected: in the dialect's words, but that the reference backend
/// tells what is wrong with an attestation or an assertion itself.
type Judged<T> = Result<T, &'static str>;

/// The authority. All that it knows is lost with the process.
pub struct Dialect {
    acceptance: Acceptance,
    root: TrustRoot,
    keys: HashMap<[u8; 32], Key>,
    challenges: HashMap<Uuid, Challenge>,
}

struct Key {
    registered: RegisteredKey,
    counter: u32,
    flow_id: Uuid,
}

struct Challenge {
    bytes: [u8; 32],
    key_id: [u8; 32],
    expires_at: Timestamp,
    spent: bool,
}

/// The body of a registration.
#[derive(Deserialize)]
#[expect(non_snake_case, reason = "members are spelled as on the wire")]
pub struct Registration {
    keyID: String,
    attestationObject: String,
    clientDataHash_base64: String,
    challenge_base64: Option<String>,
}

/// The body of a verification.
#[derive(Deserialize)]
#[expect(non_snake_case, reason = "members are spelled as on the wire")]
pub struct Verification {
    keyID: String,
    assertionObject_base64: String,
    flowID: Uuid,
    challenge_id: Uuid,
    clientData_base64: String,
    /// The caller's name for the run, which is repeated.
    pub verifyRunID: Option<String>,
}

/// What client data is read for; it may hold more.
#[derive(Deserialize)]
struct ClientData {
    #[serde(alias = "challenge_b64")]
    challenge: String,
    challenge_id: Option<Uuid>,
}

impl Dialect {
    /// An authority that knows no key yet.
    pub fn new(acceptance: Acceptance, root: TrustRoot) -> Self {
        Self {
            acceptance,
            root,
            keys: HashMap::new(),
            challenges: HashMap::new(),
        }
    }

    /// Judges an attestation; opens a flow for its key, in which all that follows happens.
    pub fn register(&mut self, asked: &Registration, flow: Uuid, now: Timestamp) -> Judged<Uuid> {
        let key_id = key_id(&asked.keyID).ok_or("INVALID_FORMAT")?;
        let object = decode_base64(&asked.attestationObject).ok_or("INVALID_FORMAT")?;
        let hash = decode_base64(&asked.clientDataHash_base64);
        let hash = hash.ok_or("INVALID_CLIENT_DATA_HASH")?;
        require(hash.len() == 32, "CLIENT_DATA_HASH_INVALID_LENGTH")?;
        if let Some(challenge) = &asked.challenge_base64 {
            let bytes = decode_base64(challenge).ok_or("INVALID_FORMAT")?;
            let is_its_hash = Sha256::digest(bytes)[..] == hash;
            require(is_its_hash, "CLIENT_DATA_HASH_MISMATCH")?;
        }
        require(!self.keys.contains_key(&key_id), "KEY_REUSE_ATTEMPT")?;
        let (accepted, root) = (&self.acceptance, &self.root);
        let attested = verify_attestation(&object, &key_id, &hash, accepted, root, now);
        let attested = attested.map_err(Reason::code)?;
        let registered = RegisteredKey {
            public_key: attested.public_key,
            rp_id_hash: attested.app.rp_id_hash(),
            environment: attested.environment,
        };
        let key = Key {
            registered,
            counter: 0,
            flow_id: flow,
        };
        self.keys.insert(key_id, key);
        Ok(flow)
    }

    /// The challenge of a flow that is still good, or one of the id and bytes that are given.
    pub fn challenge(
        &mut self,
        flow_id: Uuid,
        key: &str,
        (fresh_id, bytes): (Uuid, [u8; 32]),
        now: Timestamp,
    ) -> Judged<Value> {
        let key_id = self.key_of(flow_id, key)?;
        let is_good = |it: &Challenge| it.key_id == key_id && !it.spent && now < it.expires_at;
        let good = self.challenges.iter().find(|(_, it)| is_good(it));
        let id = good.map_or(fresh_id, |(id, _)| *id);
        let challenge = self.challenges.entry(id).or_insert_with(|| Challenge {
            bytes,
            key_id,
            expires_at: after(now, CHALLENGE_TTL),
            spent: false,
        });
        Ok(json!({
            "challenge_b64": encode_base64(&challenge.bytes),
            "challenge_id": id,
            "expiresAt": rfc3339(challenge.expires_at),
        }))
    }

    /// Judges an assertion: tells its counter, or why it is rejected.
    pub fn verify(&mut self, asked: &Verification, now: Timestamp) -> Judged<u32> {
        let key_id = self.key_of(asked.flowID, &asked.keyID)?;
        let challenge = self.challenges.get_mut(&asked.challenge_id);
        let challenge = challenge.ok_or("CLIENT_DATA_HASH_NOT_FOUND")?;
        require(challenge.key_id == key_id, "IDENTITY_MISMATCH")?;
        require(now < challenge.expires_at, "EXPIRED_CHALLENGE")?;
        require(!challenge.spent, "REPLAYED_CHALLENGE")?;
        let hash = client_data_hash(asked, challenge).ok_or("CLIENT_DATA_HASH_INVALID_LENGTH")?;
        let object = decode_base64(&asked.assertionObject_base64);
        let object = object.ok_or("ASSERTION_CBOR_DECODE_FAILED")?;
        challenge.spent = true;
        let key = self.keys.get_mut(&key_id).ok_or("IDENTITY_MISMATCH")?;
        let verified = verify_assertion(&object, &hash, &key.registered, &self.acceptance);
        let verified = verified.map_err(Reason::code)?;
        require(verified.counter > key.counter, "REPLAYED_CHALLENGE")?;
        key.counter = verified.counter;
        Ok(verified.counter)
    }

    /// The id of a key that is known, if this is its flow.
    fn key_of(&self, flow_id: Uuid, key: &str) -> Judged<[u8; 32]> {
        let id = key_id(key);
        let id = id.filter(|id| self.keys.get(id).is_some_and(|key| key.flow_id == flow_id));
        id.ok_or("IDENTITY_MISMATCH")
    }
}

/// The SHA-256 of client data, if that is JSON and holds the challenge.
fn client_data_hash(asked: &Verification, challenge: &Challenge) -> Option<Vec<u8>> {
    let bytes = decode_base64(&asked.clientData_base64)?;
    let data: ClientData = serde_json::from_slice(&bytes).ok()?;
    let names_another = data.challenge_id.is_some_and(|id| id != asked.challenge_id);
    let holds = decode_base64(&data.challenge)? == challenge.bytes;
    (holds && !names_another).then(|| Sha256::digest(&bytes).to_vec())
}

fn key_id(text: &str) -> Option<[u8; 32]> {
    decode_base64(text)?.try_into().ok()
}

fn require(condition: bool, otherwise: &'static str) -> Judged<()> {
    condition.then_some(()).ok_or(otherwise)
}
