//! Verdicts on assertions. Whatever is well-formed gets one, with status 200.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Answer, Authority, Failure, Members, Settle};
use crate::{
    flows, keys,
    reason::Reason,
    store::{StoreError, Unit},
    validator::{RegisteredKey, VerifiedAssertion, verify_assertion},
};

struct Judged {
    key_id: [u8; 32],
    flow_id: Uuid,
    hash: Vec<u8>,
    verdict: Result<VerifiedAssertion, Reason>,
}

impl Authority {
    pub(super) fn judge_assertion(
        &self,
        members: &Members,
        now: Timestamp,
    ) -> Result<Settle<'_>, Failure> {
        let key_id = members.key_id()?;
        let flow_id = members.flow_id()?;
        let object = members.assertion_object()?;
        let hash = members.required_client_data_hash()?;
        let key = match self.key_for(&key_id, flow_id, &hash, now)? {
            Ok(key) => key,
            Err(reason) => return Ok(Box::new(move |_| Ok(Answer::unverified(reason)))),
        };
        let verdict = verify_assertion(&object, &hash, &key, &self.options.acceptance);
        let judged = Judged {
            key_id,
            flow_id,
            hash,
            verdict,
        };
        Ok(Box::new(move |unit| judged.settle(unit)))
    }

    /// The key to judge by, if the flow and the hash are this key's.
    fn key_for(
        &self,
        key_id: &[u8; 32],
        flow_id: Uuid,
        hash: &[u8],
        now: Timestamp,
    ) -> Result<Result<RegisteredKey, Reason>, StoreError> {
        self.store.read(|sql| {
            let Some(key) = keys::find(sql, key_id)? else {
                return Ok(Err(Reason::UnknownKey));
            };
            Ok(flows::check_hash(sql, flow_id, key_id, hash, now)?.map(|()| key))
        })
    }
}

impl Judged {
    fn settle(self, unit: &mut Unit<'_>) -> Result<Answer, StoreError> {
        // Another request may have spent or replaced the hash since it was read.
        let held = flows::check_hash(unit.sql, self.flow_id, &self.key_id, &self.hash, unit.now)?;
        if let Err(reason) = held {
            return Ok(Answer::unverified(reason));
        }
        flows::spend_hash(unit, self.flow_id)?;
        let assertion = match self.verdict {
            Ok(assertion) => assertion,
            Err(reason) => return Ok(Answer::unverified(reason)),
        };
        if !keys::advance(unit, &self.key_id, assertion.counter)? {
            return Ok(Answer::unverified(Reason::CounterNotGreater));
        }
        Ok(Answer::new(
            200,
            &Verified {
                verified: true,
                sign_count: assertion.counter,
                validation_category: assertion.extensions.validation_category,
                bundle_version: assertion.extensions.bundle_version,
            },
        ))
    }
}

#[derive(Serialize)]
struct Verified {
    verified: bool,
    #[serde(rename = "signCount")]
    sign_count: u32,
    #[serde(rename = "validationCategory", skip_serializing_if = "Option::is_none")]
    validation_category: Option<u32>,
    #[serde(rename = "bundleVersion", skip_serializing_if = "Option::is_none")]
    bundle_version: Option<String>,
}
