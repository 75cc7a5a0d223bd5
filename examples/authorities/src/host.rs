//! What the two programs of a host share: flags, pairings, how they refuse, and how often one may
//! ask.

use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use appattest_backend::decoder::decode_base64;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::answer::Answer;
use crate::idempotency::{Answers, once};
use crate::keys::Secret;
use crate::listen::Listen;
use crate::state::shared;
use crate::{listen, person};

/// The flags of both programs.
#[derive(Clone, clap::Args)]
pub struct Common {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// The key of the person in front of the host, who sends it as `Authorization: Bearer KEY`
    #[arg(long, value_name = "KEY")]
    pub person_key: String,
    /// The permissions that the host gives at all, as a mask
    #[arg(long, value_name = "MASK", default_value_t = 7)]
    pub limit: u32,
    /// How many invites may be opened in a minute, or sessions asked for by each operator
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub requests_per_minute: usize,
}

/// Runs a program of the host: routes of the integrator, and routes of the person.
#[must_use]
pub fn run<T: Send + 'static>(
    flags: Common,
    integrator: Router<Arc<Mutex<T>>>,
    person: Router<Arc<Mutex<T>>>,
    state: T,
) -> ExitCode {
    let person = person::alone(person, flags.person_key);
    let integrator = integrator.layer(from_fn_with_state(Answers::default(), once));
    let routes = integrator.merge(person).with_state(shared(state));
    listen::run(flags.listen, routes)
}

/// An operator that is known, and the key that only the two of them have.
#[derive(Clone, Deserialize, Serialize)]
pub struct Pairing {
    /// The name by which sessions are asked for.
    #[serde(rename = "pairingID")]
    pub id: Uuid,
    /// The name that the operator gave.
    pub operator: String,
    /// Proves who asks, and salts the keys of sessions.
    #[serde(rename = "key_base64")]
    pub key: Secret,
    /// The most that a session of this operator may do, as a mask.
    pub permissions: u32,
    /// Whether the person marked the operator as trusted.
    pub trusted: bool,
}

/// Why something is refused, in one word.
pub type Reason = &'static str;

/// The machine gave no randomness.
pub const NO_RANDOMNESS: Reason = "NO_RANDOMNESS";

/// The statuses of refusals; that of all others is 403.
const STATUSES: [(Reason, StatusCode); 7] = [
    (NO_RANDOMNESS, StatusCode::INTERNAL_SERVER_ERROR),
    ("INVITE_EXPIRED", StatusCode::GONE),
    ("INVITE_USED", StatusCode::CONFLICT),
    ("NOT_APPROVED", StatusCode::CONFLICT),
    ("NOT_AWAITING_CONSENT", StatusCode::CONFLICT),
    ("PAIRED", StatusCode::CONFLICT),
    ("UNKNOWN_INVITE", StatusCode::NOT_FOUND),
];

/// A refusal, which says so in its `status`.
pub fn refused(reason: Reason) -> Answer {
    let found = STATUSES.iter().find(|(known, _)| *known == reason);
    let status = found.map_or(StatusCode::FORBIDDEN, |(_, status)| *status);
    (status, Json(json!({"status": "refused", "reason": reason})))
}

/// What is granted: never more than was asked for, nor than any of these masks allows. Where that
/// is nothing, it is refused.
pub fn granted(asked: u32, bounds: &[u32]) -> Result<u32, Reason> {
    match bounds.iter().fold(asked, |granted, bound| granted & bound) {
        0 => Err("PERMISSION_DENIED"),
        granted => Ok(granted),
    }
}

/// What an operator asks with: a key of its own, permissions, and a proof of both.
#[derive(Deserialize)]
pub struct Asking {
    #[serde(rename = "operatorKey_base64")]
    key: String,
    /// What is asked for, as a mask.
    pub permissions: u32,
    #[serde(rename = "proof_base64")]
    proof: String,
}

impl Asking {
    /// The operator's key, or bytes that are none.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        decode_base64(&self.key).unwrap_or_default()
    }

    /// Whether whoever asks has this secret, and meant this key, these permissions and what leads
    /// to them.
    pub fn prove(&self, secret: &Secret, label: &str, context: &[&[u8]]) -> Result<(), Reason> {
        let mask = self.permissions.to_be_bytes();
        let key = self.key();
        let proven = [context, &[&key, &mask]].concat();
        let is_proven = secret.is_tag(&self.proof, label, &proven);
        is_proven.then_some(()).ok_or("INVALID_PROOF")
    }
}

/// When each source asked, in the last minute, and how often it may. Invites have no pairing yet:
/// they count together.
pub struct Rate {
    most: usize,
    asked: HashMap<Option<Uuid>, VecDeque<Timestamp>>,
}

impl Rate {
    /// At most so many requests of one source in a minute.
    #[must_use]
    pub fn of(most: usize) -> Self {
        let asked = HashMap::new();
        Self { most, asked }
    }

    /// Counts one more request. Were there enough in the last minute, it is put off: nothing is
    /// judged, and nothing changes.
    pub fn admit(&mut self, source: Option<Uuid>, now: Timestamp) -> Result<(), Answer> {
        let asked = self.asked.entry(source).or_default();
        asked.retain(|at| now.duration_since(*at) < SignedDuration::from_mins(1));
        if asked.len() >= self.most {
            let put_off = json!({"error": "RATE_LIMITED"});
            return Err((StatusCode::TOO_MANY_REQUESTS, Json(put_off)));
        }
        asked.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_granted_beyond_request_pairing_and_limit() {
        let limit = 0b0111;
        let masks = || (0..32).map(|bit| 1_u32 << bit).chain([0, 0b1010, u32::MAX]);
        for (requested, paired) in masks().flat_map(|a| masks().map(move |b| (a, b))) {
            let granted = granted(requested, &[paired, limit]).unwrap_or(0);
            for bound in [requested, paired, limit] {
                assert_eq!(granted & !bound, 0, "{requested:b} of {paired:b}");
            }
        }
        assert_eq!(granted(u32::MAX, &[0b1011, limit]), Ok(0b0011));
        assert_eq!(granted(0b1000, &[0b1011, limit]), Err("PERMISSION_DENIED"));
    }

    #[test]
    fn a_source_is_admitted_again_when_its_minute_is_over() {
        let mut rate = Rate::of(2);
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let (one, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));

        assert!(rate.admit(one, at(0)).is_ok() && rate.admit(one, at(30)).is_ok());
        assert!(rate.admit(one, at(59)).is_err());
        assert!(rate.admit(other, at(59)).is_ok());
        assert!(rate.admit(one, at(60)).is_ok());
    }
}
