//! `session-host`: a host that lets operators in, whose pairings its person has brought: a request,
//! consent where the policy asks for it, a key that both sides confirm, and an end that is final.

use std::collections::HashMap;
use std::process::ExitCode;

use appattest_backend::clock::{after, rfc3339};
use appattest_backend::decoder::encode_base64;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use clap::{Parser, ValueEnum};
use integrator_authorities::answer::{Answer, Asked, Outcome, joined, ok};
use integrator_authorities::fresh::{self, now};
use integrator_authorities::host::{
    self, Asking, NO_RANDOMNESS, Pairing, Rate, Reason, granted, refused,
};
use integrator_authorities::keys::{KeyPair, Secret};
use integrator_authorities::state::{Shared, lock};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long consent and negotiation may take.
const SETUP_TTL: SignedDuration = SignedDuration::from_mins(2);
/// How long an active session lasts.
const SESSION_TTL: SignedDuration = SignedDuration::from_hours(1);
/// What the host can be reached by.
const TRANSPORTS: [&str; 2] = ["direct", "relay"];

/// A host that lets operators in whose pairings its person has brought: requests that prove to have
/// a pairing's key, the person's consent, sessions. It forgets everything when it ends.
#[derive(Clone, Parser)]
#[command(name = "session-host", version)]
struct Flags {
    #[command(flatten)]
    host: host::Common,
    /// Whose sessions begin without the person's consent
    #[arg(long, value_enum, default_value = "always")]
    consent: Consent,
}

struct Host {
    flags: Flags,
    rate: Rate,
    pairings: HashMap<Uuid, Pairing>,
    sessions: HashMap<Uuid, Session>,
}

/// What a request to a session, or for a pairing, comes with.
type Named = (Shared<Host>, Path<Uuid>);

fn main() -> ExitCode {
    let flags = Flags::parse();
    let person = Router::new()
        .route("/person/pairings", post(pair))
        .route("/person/pairings/{id}", delete(revoke))
        .route("/person/sessions/{id}", post(admit).delete(end_by_person));
    let integrator = Router::new()
        .route("/sessions", post(open))
        .route("/sessions/{id}", get(told))
        .route("/sessions/{id}/negotiate", post(negotiate))
        .route("/sessions/{id}/end", post(end_by_operator));
    let state = Host {
        flags: flags.clone(),
        rate: Rate::of(flags.host.requests_per_minute),
        pairings: HashMap::new(),
        sessions: HashMap::new(),
    };
    host::run(flags.host, integrator, person, state)
}

async fn pair(State(host): Shared<Host>, Asked(pairing): Asked<Pairing>) -> Answer {
    lock(&host).pairings.insert(pairing.id, pairing);
    ok(json!({"status": "paired"}))
}

/// The person takes a pairing back; its sessions end.
async fn revoke((State(host), Path(id)): Named) -> Outcome {
    let mut host = lock(&host);
    host.pairings
        .remove(&id)
        .ok_or_else(|| refused("NOT_PAIRED"))?;
    let sessions = host.sessions.values_mut();
    for session in sessions.filter(|session| session.pairing_id == id) {
        session.end("REVOKED");
    }
    Ok(ok(json!({"status": "revoked"})))
}

async fn open(State(host): Shared<Host>, Asked(asked): Asked<Request>) -> Outcome {
    let host = &mut *lock(&host);
    let pairing = host.pairings.get(&asked.pairing_id);
    let pairing = pairing.ok_or_else(|| refused("NOT_PAIRED"))?;
    let session = Session::open(&asked, pairing, &host.flags).map_err(refused)?;
    // Only what was proven counts: a pairing's id is no secret, and locks nobody out.
    host.rate.admit(Some(asked.pairing_id), now())?;
    let told = session.told();
    host.sessions.insert(session.id, session);
    Ok((StatusCode::CREATED, Json(told)))
}

async fn told((State(host), Path(id)): Named) -> Answer {
    lock(&host).on(id, |session| ok(session.told()))
}

async fn negotiate((State(host), Path(id)): Named, Asked(offer): Asked<Offer>) -> Answer {
    lock(&host).on(id, |session| session.negotiate(&offer, now()))
}

async fn end_by_operator((State(host), Path(id)): Named) -> Answer {
    lock(&host).on(id, |session| ok(session.end("OPERATOR").told()))
}

#[derive(Deserialize)]
struct Admission {
    approve: bool,
}

async fn admit((State(host), Path(id)): Named, Asked(asked): Asked<Admission>) -> Answer {
    lock(&host).on(id, |session| session.admit(asked.approve))
}

async fn end_by_person((State(host), Path(id)): Named) -> Answer {
    lock(&host).on(id, |session| ok(session.end("PERSON").told()))
}

impl Host {
    /// What comes of it, if there is such a session: one that nobody knows is over.
    fn on(&mut self, id: Uuid, what: impl FnOnce(&mut Session) -> Answer) -> Answer {
        let Some(session) = self.sessions.get_mut(&id) else {
            let told = json!({"status": "ended", "reason": "UNKNOWN_SESSION"});
            return (StatusCode::NOT_FOUND, Json(told));
        };
        session.pass(now());
        what(session)
    }
}

/// Whose sessions begin without the person's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Consent {
    /// Nobody's
    Always,
    /// Those of operators that the person marked as trusted
    Trusted,
    /// Everybody's who is paired
    Unattended,
}

impl Consent {
    /// Whether the person is asked.
    fn is_required(self, trusted: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Trusted => !trusted,
            Self::Unattended => false,
        }
    }
}

/// What the host knows of a session.
struct Session {
    id: Uuid,
    pairing_id: Uuid,
    operator: String,
    key: Secret,
    host_key: [u8; 32],
    permissions: u32,
    expires_at: Timestamp,
    stage: Stage,
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Stage {
    AwaitingConsent,
    Negotiating,
    Active { transport: String },
    Denied { reason: Reason },
    Ended { reason: Reason },
}

/// The body of a request for a session.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "pairingID")]
    pairing_id: Uuid,
    /// Its key is made for this session alone.
    #[serde(flatten)]
    asking: Asking,
}

/// The body of a negotiation.
#[derive(Deserialize)]
struct Offer {
    transport: String,
    #[serde(rename = "confirmation_base64")]
    confirmation: String,
}

impl Session {
    /// Judges a request for a session.
    fn open(asked: &Request, pairing: &Pairing, flags: &Flags) -> Result<Self, Reason> {
        let (asking, operator_key) = (&asked.asking, asked.asking.key());
        let named = [asked.pairing_id.as_bytes().as_slice()];
        asking.prove(&pairing.key, "session-request", &named)?;
        let permissions = granted(asking.permissions, &[pairing.permissions, flags.host.limit])?;
        let id = fresh::id();
        let keys = KeyPair::generate().map_err(|_| NO_RANDOMNESS)?;
        let context: [&[u8]; 3] = [id.as_bytes(), &keys.public, &operator_key];
        let shared = keys.agree(&operator_key);
        let key = shared.and_then(|it| it.derive(pairing.key.bytes(), "session-key", &context));
        Ok(Self {
            id,
            pairing_id: pairing.id,
            operator: pairing.operator.clone(),
            key: key.map_err(|_| "INVALID_KEY")?,
            host_key: keys.public,
            permissions,
            expires_at: after(now(), SETUP_TTL),
            stage: match flags.consent.is_required(pairing.trusted) {
                true => Stage::AwaitingConsent,
                false => Stage::Negotiating,
            },
        })
    }

    /// Ends it, if its time is over.
    fn pass(&mut self, now: Timestamp) {
        if now >= self.expires_at {
            self.end("EXPIRED");
        }
    }

    /// Makes it active, once the operator's side proves to have its key.
    fn negotiate(&mut self, offer: &Offer, now: Timestamp) -> Answer {
        if !matches!(self.stage, Stage::Negotiating) {
            return (StatusCode::CONFLICT, Json(self.told()));
        }
        if !TRANSPORTS.contains(&offer.transport.as_str()) {
            let told = json!({"error": "NO_COMMON_TRANSPORT", "offered": TRANSPORTS});
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(told));
        }
        let proven = [self.id.as_bytes().as_slice(), offer.transport.as_bytes()];
        let Some(confirmation) = self.key.confirm(&offer.confirmation, &proven) else {
            return (StatusCode::FORBIDDEN, Json(self.end("KEY_MISMATCH").told()));
        };
        let transport = offer.transport.clone();
        self.stage = Stage::Active { transport };
        self.expires_at = after(now, SESSION_TTL);
        ok(joined(
            self.told(),
            json!({ "confirmation_base64": confirmation }),
        ))
    }

    /// The person decides on it.
    fn admit(&mut self, approve: bool) -> Answer {
        if !matches!(self.stage, Stage::AwaitingConsent) {
            return (StatusCode::CONFLICT, Json(self.told()));
        }
        self.stage = match approve {
            true => Stage::Negotiating,
            false => Stage::Denied { reason: "DENIED" },
        };
        ok(self.told())
    }

    /// Ends it; one that is over keeps its first reason.
    fn end(&mut self, reason: Reason) -> &Self {
        if !self.is_over() {
            self.stage = Stage::Ended { reason };
        }
        self
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Denied { .. } | Stage::Ended { .. })
    }

    /// What it has come to.
    fn told(&self) -> Value {
        let known = json!({"sessionID": self.id, "operator": self.operator});
        let told = joined(json!(self.stage), known);
        if self.is_over() {
            return told;
        }
        let open = json!({
            "expiresAt": rfc3339(self.expires_at),
            "permissions": self.permissions,
            "hostKey_base64": encode_base64(&self.host_key),
        });
        joined(told, open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_asked_for_as_its_mode_says() {
        for (mode, trusted, other) in [
            (Consent::Always, true, true),
            (Consent::Trusted, false, true),
            (Consent::Unattended, false, false),
        ] {
            assert_eq!(mode.is_required(true), trusted, "{mode:?}");
            assert_eq!(mode.is_required(false), other, "{mode:?}");
        }
    }

    #[test]
    fn a_session_ends_with_its_time_in_every_stage_and_stays_ended() {
        let late = Timestamp::UNIX_EPOCH + SETUP_TTL;
        for stage in [
            Stage::AwaitingConsent,
            Stage::Negotiating,
            Stage::Active {
                transport: "direct".to_owned(),
            },
        ] {
            let mut session = session_in(stage);
            let offer = Offer {
                transport: "direct".to_owned(),
                confirmation: String::new(),
            };

            session.pass(late - SignedDuration::from_nanos(1));
            let before = session.told();
            session.pass(late);
            let over = session.negotiate(&offer, late);

            assert_ne!(before["status"], "ended");
            assert_eq!(
                (over.0, &over.1["reason"]),
                (StatusCode::CONFLICT, &json!("EXPIRED"))
            );
            let admitted = session.admit(true).1.0;
            let ended = session.end("PERSON").told();
            for later in [admitted, ended] {
                assert_eq!(later["reason"], "EXPIRED");
            }
        }
    }

    fn session_in(stage: Stage) -> Session {
        Session {
            id: Uuid::from_u128(1),
            pairing_id: Uuid::from_u128(1),
            operator: "Ada".to_owned(),
            key: Secret::random().expect("randomness"),
            host_key: [0; 32],
            permissions: 1,
            expires_at: Timestamp::UNIX_EPOCH + SETUP_TTL,
            stage,
        }
    }
}
