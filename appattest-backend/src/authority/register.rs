//! Registration: an attestation is judged, its key remembered, a flow opened.
//!
//! A key that is already registered is accepted again on a full, valid attestation, its counter
//! untouched. To refuse it would make a registration whose answer was lost unrecoverable, since a
//! device attests a key once; to accept it gives nothing away, since every assertion still needs
//! the key itself and a greater counter. The flow is a new one, unless the very same registration
//! is repeated on its challenge: then it is told the flow that it opened, while that one lives.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Answer, Authority, ChallengePolicy, Failure, Malformed, Members, Settle,
    request::{hash_not_allowed, required},
};
use crate::{
    challenge,
    clock::rfc3339,
    decoder::encode_base64,
    entropy::random_uuid,
    flows,
    keys::{self, Registration},
    reason::Reason,
    store::{StoreError, Unit},
    validator::{VerifiedAttestation, verify_attestation},
};

/// Where the client data hash of an attestation comes from.
#[derive(Clone, Debug)]
enum Source {
    /// The SHA-256 of this challenge.
    Challenge(Uuid),
    /// The caller.
    Supplied(Vec<u8>),
}

struct Judged {
    key_id: [u8; 32],
    flow_id: Uuid,
    source: Source,
    /// What a challenge is spent on: the key id and the attestation.
    registration: [u8; 32],
    verdict: Result<VerifiedAttestation, Reason>,
}

impl Authority {
    pub(super) fn judge_registration(
        &self,
        members: &Members,
        now: Timestamp,
    ) -> Result<Settle<'_>, Failure> {
        let key_id = members.key_id()?;
        let object = members.attestation_object()?;
        let source = source(members, self.options.challenge_policy)?;
        let registration = Sha256::new()
            .chain_update(key_id)
            .chain_update(&object)
            .finalize()
            .into();
        let hash = match self.client_data_hash(&source, &registration, now)? {
            Ok(hash) => hash,
            Err(reason) => return Ok(Box::new(move |_| Ok(Answer::rejected(reason)))),
        };
        let verdict = verify_attestation(
            &object,
            &key_id,
            &hash,
            &self.options.acceptance,
            &self.options.root,
            self.certificates_at(now),
        );
        let judged = Judged {
            key_id,
            flow_id: random_uuid(&*self.entropy)?,
            source,
            registration,
            verdict,
        };
        Ok(Box::new(move |unit| judged.settle(unit)))
    }

    /// The hash to judge by, or why there is none.
    fn client_data_hash(
        &self,
        source: &Source,
        registration: &[u8; 32],
        now: Timestamp,
    ) -> Result<Result<Vec<u8>, Reason>, StoreError> {
        match source {
            Source::Supplied(hash) => Ok(Ok(hash.clone())),
            Source::Challenge(id) => {
                let challenge = self.store.read(|sql| challenge::find(sql, *id))?;
                Ok(challenge.ok_or(Reason::UnknownChallenge).and_then(|found| {
                    found.admit(registration, now)?;
                    Ok(Sha256::digest(&found.bytes).to_vec())
                }))
            }
        }
    }
}

impl Judged {
    fn settle(self, unit: &mut Unit<'_>) -> Result<Answer, StoreError> {
        let mut opened = None;
        if let Source::Challenge(id) = self.source {
            // Another registration may have spent it since it was read.
            let challenge = challenge::find(unit.sql, id)?.ok_or(Reason::UnknownChallenge);
            let admitted = challenge.and_then(|found| {
                found.admit(&self.registration, unit.now)?;
                Ok(found.flow_id)
            });
            opened = match admitted {
                Ok(flow_id) => flow_id,
                Err(reason) => return Ok(Answer::rejected(reason)),
            };
            let accepted = self.verdict.is_ok().then_some(&self.registration);
            challenge::spend(unit, id, accepted)?;
        }
        let attested = match &self.verdict {
            Ok(attested) => attested,
            Err(reason) => return Ok(Answer::rejected(*reason)),
        };
        if keys::register(unit, &self.key_id, attested)? == Registration::Conflict {
            return Ok(Answer::rejected(Reason::KeyConflict));
        }
        let (flow_id, expires_at) = self.flow(unit, opened)?;
        Ok(Answer::new(
            200,
            &Registered {
                status: "registered",
                flow_id: flow_id.to_string(),
                key_id: encode_base64(&self.key_id),
                environment: attested.environment.as_str(),
                expires_at: rfc3339(expires_at),
                validation_category: attested.extensions.validation_category,
                bundle_version: attested.extensions.bundle_version.clone(),
            },
        ))
    }

    /// The flow that this registration opened before, if it is alive, else a new one; and when it
    /// expires.
    fn flow(
        &self,
        unit: &mut Unit<'_>,
        opened: Option<Uuid>,
    ) -> Result<(Uuid, Timestamp), StoreError> {
        if let Some(flow_id) = opened
            && let Some(expires_at) = flows::alive(unit, flow_id, &self.key_id)?
        {
            return Ok((flow_id, expires_at));
        }
        let expires_at = flows::open(unit, self.flow_id, &self.key_id)?;
        if let Source::Challenge(id) = self.source {
            challenge::remember_flow(unit, id, self.flow_id)?;
        }
        Ok((self.flow_id, expires_at))
    }
}

fn source(members: &Members, policy: ChallengePolicy) -> Result<Source, Malformed> {
    let challenge_id = members.challenge_id()?;
    let supplied = members.client_data_hash()?;
    match (policy, challenge_id, supplied) {
        (ChallengePolicy::Required, _, Some(_))
        | (ChallengePolicy::ClientSupplied, Some(_), Some(_)) => Err(hash_not_allowed()),
        (_, Some(id), None) => Ok(Source::Challenge(id)),
        (ChallengePolicy::ClientSupplied, None, Some(hash)) => Ok(Source::Supplied(hash)),
        (ChallengePolicy::Required, None, None) => required(None, "challengeID"),
        (ChallengePolicy::ClientSupplied, None, None) => required(None, "clientDataHash_base64"),
    }
}

#[derive(Serialize)]
struct Registered {
    status: &'static str,
    #[serde(rename = "flowID")]
    flow_id: String,
    #[serde(rename = "keyID_base64")]
    key_id: String,
    environment: &'static str,
    #[serde(rename = "expiresAt")]
    expires_at: String,
    #[serde(rename = "validationCategory", skip_serializing_if = "Option::is_none")]
    validation_category: Option<u32>,
    #[serde(rename = "bundleVersion", skip_serializing_if = "Option::is_none")]
    bundle_version: Option<String>,
}
