//! Invites: one request that proves to know the secret, the person's consent, and the operator's
//! confirmation that both sides have one key.

use appattest_backend::clock::rfc3339;
use appattest_backend::decoder::encode_base64;
use integrator_authorities::fresh;
use integrator_authorities::host::{Asking, NO_RANDOMNESS, Pairing, Reason, granted};
use integrator_authorities::keys::{KeyPair, Secret, digest};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// What is told, or why the host refuses.
pub(crate) type Judged = Result<Value, Reason>;

/// What the host knows of an invite.
pub(crate) struct Invite {
    pub(crate) id: Uuid,
    secret: Secret,
    keys: KeyPair,
    expires_at: Timestamp,
    stage: Stage,
}

enum Stage {
    Open,
    /// The request proved to know the secret; the digits are those that both sides show.
    AwaitingConsent(Pairing, String),
    Approved(Pairing),
    /// With the host's confirmation.
    Paired(Pairing, String),
    Denied(Reason),
    Refused(Reason),
}

/// The body of a request to be paired.
#[derive(Deserialize)]
pub(crate) struct Request {
    operator: String,
    #[serde(flatten)]
    asking: Asking,
}

/// The person's decision.
#[derive(Deserialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
pub(crate) enum Decision {
    Approve {
        /// The digits that the operator's side shows.
        sas: String,
        permissions: Option<u32>,
        #[serde(default)]
        trusted: bool,
    },
    Deny,
}

impl Invite {
    /// A new one. Its secret is shown to the person alone.
    pub(crate) fn open(expires_at: Timestamp) -> Result<Self, Reason> {
        Ok(Self {
            id: fresh::id(),
            secret: Secret::random().map_err(|_| NO_RANDOMNESS)?,
            keys: KeyPair::generate().map_err(|_| NO_RANDOMNESS)?,
            expires_at,
            stage: Stage::Open,
        })
    }

    /// What it has come to, as the operator's side is told.
    pub(crate) fn told(&self, now: Timestamp) -> Judged {
        Ok(match &self.stage {
            Stage::Open => json!({
                "inviteID": self.id,
                "hostKey_base64": encode_base64(&self.keys.public),
                "expiresAt": rfc3339(self.expires_at),
            }),
            Stage::AwaitingConsent(..) if now >= self.expires_at => return Err("INVITE_EXPIRED"),
            Stage::AwaitingConsent(..) => json!({"status": "awaiting_consent"}),
            Stage::Approved(it) => json!({"status": "approved", "permissions": it.permissions}),
            Stage::Paired(pairing, confirmation) => json!({
                "status": "paired",
                "pairingID": pairing.id,
                "permissions": pairing.permissions,
                "confirmation_base64": confirmation,
            }),
            Stage::Denied(reason) => json!({"status": "denied", "reason": reason}),
            Stage::Refused(reason) => return Err(reason),
        })
    }

    /// Judges a request. An invite takes one, good or bad, so that its secret cannot be tried.
    pub(crate) fn request(&mut self, asked: Request, limit: u32, now: Timestamp) -> Judged {
        match self.stage {
            Stage::Open if now < self.expires_at => {}
            Stage::Open => return Err("INVITE_EXPIRED"),
            _ => return Err("INVITE_USED"),
        }
        self.stage = match self.judge(asked, limit) {
            Ok((pairing, digits)) => Stage::AwaitingConsent(pairing, digits),
            Err(reason) => Stage::Refused(reason),
        };
        self.told(now)
    }

    /// The pairing that is asked for, and the digits that tell whether somebody is in between.
    fn judge(&self, asked: Request, limit: u32) -> Result<(Pairing, String), Reason> {
        let (host_key, operator_key) = (&self.keys.public, asked.asking.key());
        let no_key = |_| "INVALID_KEY";
        let shared = self.keys.agree(&operator_key).map_err(no_key)?;
        let name = digest(&asked.operator);
        let context = [self.id.as_bytes().as_slice(), host_key, &name];
        asked.asking.prove(&self.secret, "pair-request", &context)?;
        let both = [host_key.as_slice(), &operator_key];
        let key = shared.derive(self.secret.bytes(), "pairing-key", &both);
        let digits = shared.digits("short-string", &both).map_err(no_key)?;
        let pairing = Pairing {
            id: fresh::id(),
            operator: asked.operator,
            key: key.map_err(no_key)?,
            permissions: granted(asked.asking.permissions, &[limit])?,
            trusted: false,
        };
        Ok((pairing, digits))
    }

    /// The operator's side proves that it has derived the same key; only then is it paired.
    pub(crate) fn confirm(&mut self, proof: &str, now: Timestamp) -> Judged {
        let Stage::Approved(pairing) = &self.stage else {
            return Err("NOT_APPROVED");
        };
        if now >= self.expires_at {
            return Err("INVITE_EXPIRED");
        }
        self.stage = match pairing.key.confirm(proof, &[self.id.as_bytes()]) {
            Some(confirmation) => Stage::Paired(pairing.clone(), confirmation),
            None => Stage::Refused("CONFIRMATION_MISMATCH"),
        };
        self.told(now)
    }

    /// What the host's own screen shows: the secret to hand over; then who asks, and the digits;
    /// and in the end the pairing, to be brought to where sessions are.
    pub(crate) fn screen(&self) -> Value {
        match &self.stage {
            Stage::AwaitingConsent(pairing, digits) => json!({
                "operator": pairing.operator,
                "permissions": pairing.permissions,
                "sas": digits,
            }),
            Stage::Paired(pairing, _) => json!({ "pairing": pairing }),
            _ => json!({
                "secret_base64": self.secret,
                "hostKey_base64": encode_base64(&self.keys.public),
            }),
        }
    }

    /// The person decides. Digits that do not match are a denial: somebody is in between.
    pub(crate) fn decide(&mut self, decision: &Decision, now: Timestamp) -> Judged {
        let Stage::AwaitingConsent(pairing, digits) = &self.stage else {
            return Err("NOT_AWAITING_CONSENT");
        };
        self.stage = match decision {
            Decision::Deny => Stage::Denied("DENIED"),
            Decision::Approve { sas, .. } if sas != digits => Stage::Denied("SAS_MISMATCH"),
            Decision::Approve {
                permissions,
                trusted,
                ..
            } => Stage::Approved(Pairing {
                permissions: pairing.permissions & permissions.unwrap_or(u32::MAX),
                trusted: *trusted,
                ..pairing.clone()
            }),
        };
        self.told(now)
    }

    /// The person takes it back, whatever has come of it, unless it has led to a pairing.
    pub(crate) fn withdraw(&mut self, now: Timestamp) -> Judged {
        if matches!(self.stage, Stage::Paired(..)) {
            return Err("PAIRED");
        }
        self.stage = Stage::Denied("WITHDRAWN");
        self.told(now)
    }
}
