//! The authority: one answer to one call, decided and recorded in one transaction.
//!
//! A call is answered in three movements. The first reads what cannot change (a challenge's
//! bytes, a key, what a flow belongs to). The second judges the object: pure, costly, and outside
//! of any lock. The third is one transaction: it looks once more at what may have changed,
//! spends, advances and opens, and records the answer under the request's `Idempotency-Key`. Two
//! calls with one key may both be judged; the second to commit finds the first's answer and gives
//! that.

mod answer;
mod hash;
mod register;
mod request;
mod verify;

use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use tracing::error;

use crate::{
    challenge,
    clock::{Clock, rfc3339},
    decoder::encode_base64,
    entropy::{Entropy, NoEntropy, random, random_uuid},
    idempotency::{IdempotencyKey, Keyed},
    reason::Reason,
    store::{Counts, Store, StoreError, Unit},
    validator::{Acceptance, TrustRoot},
};

pub use self::answer::Answer;
use self::request::{Malformed, Members};

/// Where client data hashes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChallengePolicy {
    /// Every hash comes from a challenge that this authority issued.
    Required,
    /// The caller's hash is taken (laboratory): recorded vectors can be run.
    ClientSupplied,
}

impl ChallengePolicy {
    /// The policy's name in flags and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChallengePolicy::Required => "required",
            ChallengePolicy::ClientSupplied => "client-supplied",
        }
    }
}

/// The calls that change or judge something; each is a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A registration challenge.
    Challenge,
    /// An attestation.
    Register,
    /// A hash for an assertion.
    ClientDataHash,
    /// An assertion.
    Verify,
}

impl Call {
    /// Every call.
    pub const ALL: [Call; 4] = [
        Call::Challenge,
        Call::Register,
        Call::ClientDataHash,
        Call::Verify,
    ];

    /// The call's path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Call::Challenge => "/app-attest/challenge",
            Call::Register => "/app-attest/register",
            Call::ClientDataHash => "/app-attest/client-data-hash",
            Call::Verify => "/app-attest/verify",
        }
    }
}

/// What an authority is told to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Accepted applications and environments.
    pub acceptance: Acceptance,
    /// Where hashes come from.
    pub challenge_policy: ChallengePolicy,
    /// The root of trust.
    pub root: TrustRoot,
    /// The time for certificates, where it is not the clock's.
    pub certificates_at: Option<Timestamp>,
}

/// The authority.
#[derive(Debug)]
pub struct Authority {
    options: Options,
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Why a call has no answer of its own.
#[derive(Debug)]
enum Failure {
    Malformed(Malformed),
    Store(StoreError),
    Entropy,
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NoEntropy> for Failure {
    fn from(_: NoEntropy) -> Self {
        Self::Entropy
    }
}

/// A judged call: what is left is to settle it in a transaction.
type Settle<'a> = Box<dyn FnOnce(&mut Unit<'_>) -> Result<Answer, StoreError> + 'a>;

impl Authority {
    /// Puts an authority together.
    #[must_use]
    pub fn new(
        options: Options,
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            options,
            store,
            clock,
            entropy,
        }
    }

    /// Answers a call. Blocks for as long as two ECDSA verifications and one commit take.
    #[must_use]
    pub fn answer(&self, call: Call, key: Option<IdempotencyKey>, body: &[u8]) -> Answer {
        let keyed = key.map(|key| Keyed::new(key, call.path(), body));
        self.try_answer(call, keyed.as_ref(), body)
            .unwrap_or_else(|failure| match failure {
                Failure::Malformed(malformed) => malformed.answer(),
                Failure::Store(StoreError::Full(what)) => {
                    error!(what, "a store bound is reached");
                    Answer::error(503, Reason::CapacityExhausted, None)
                }
                Failure::Store(error) => {
                    error!(%error, "the state could not be read or written");
                    Answer::error(503, Reason::StoreUnavailable, None)
                }
                Failure::Entropy => {
                    error!("the machine gave no randomness");
                    Answer::error(503, Reason::Internal, None)
                }
            })
    }

    fn try_answer(
        &self,
        call: Call,
        keyed: Option<&Keyed>,
        body: &[u8],
    ) -> Result<Answer, Failure> {
        let now = self.clock.now();
        if let Some(keyed) = keyed
            && let Some(answer) = self.store.read(|sql| keyed.recorded(sql, now))?
        {
            return Ok(answer);
        }
        let settle = match self.judge(call, body, now) {
            Ok(settle) => settle,
            Err(Failure::Malformed(malformed)) => {
                Box::new(move |_: &mut Unit<'_>| Ok(malformed.answer()))
            }
            Err(failure) => return Err(failure),
        };
        Ok(self.store.transact(now, |unit| {
            if let Some(keyed) = keyed
                && let Some(answer) = keyed.recorded(unit.sql, now)?
            {
                return Ok(answer);
            }
            let answer = settle(unit)?;
            if let Some(keyed) = keyed {
                keyed.record(unit, &answer)?;
            }
            Ok(answer)
        })?)
    }

    fn judge(&self, call: Call, body: &[u8], now: Timestamp) -> Result<Settle<'_>, Failure> {
        let members = Members::parse(body)?;
        match call {
            Call::Challenge => self.judge_challenge(),
            Call::Register => self.judge_registration(&members, now),
            Call::ClientDataHash => self.judge_hash(&members, now),
            Call::Verify => self.judge_assertion(&members, now),
        }
    }

    fn judge_challenge(&self) -> Result<Settle<'_>, Failure> {
        let id = random_uuid(&*self.entropy)?;
        let bytes: [u8; 32] = random(&*self.entropy)?;
        Ok(Box::new(move |unit| {
            let expires_at = challenge::issue(unit, id, &bytes)?;
            Ok(Answer::new(
                200,
                &Issued {
                    challenge_id: id.to_string(),
                    challenge: encode_base64(&bytes),
                    expires_at: rfc3339(expires_at),
                },
            ))
        }))
    }

    /// The time for certificates.
    fn certificates_at(&self, now: Timestamp) -> Timestamp {
        self.options.certificates_at.unwrap_or(now)
    }

    /// What this authority was told to be.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How much it remembers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.store.counts()
    }

    /// The clock it goes by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

#[derive(Serialize)]
struct Issued {
    #[serde(rename = "challengeID")]
    challenge_id: String,
    #[serde(rename = "challenge_base64")]
    challenge: String,
    #[serde(rename = "expiresAt")]
    expires_at: String,
}
