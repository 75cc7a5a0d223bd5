//! Hashes for assertions: made here, unless the policy lets the caller choose.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Answer, Authority, ChallengePolicy, Failure, Members, Settle, request::hash_not_allowed,
};
use crate::{clock::rfc3339, decoder::encode_base64, entropy::random, flows, keys, reason::Reason};

impl Authority {
    pub(super) fn judge_hash(
        &self,
        members: &Members,
        now: Timestamp,
    ) -> Result<Settle<'_>, Failure> {
        let key_id = members.key_id()?;
        let flow_id = members.flow_id()?;
        let hash = match (self.options.challenge_policy, members.client_data_hash()?) {
            (_, None) => random::<32>(&*self.entropy)?.to_vec(),
            (ChallengePolicy::ClientSupplied, Some(hash)) => hash,
            (ChallengePolicy::Required, Some(_)) => return Err(hash_not_allowed().into()),
        };
        Ok(Box::new(move |unit| {
            if keys::find(unit.sql, &key_id)?.is_none() {
                return Ok(Answer::rejected(Reason::UnknownKey));
            }
            if let Err(reason) = flows::check_open(unit.sql, flow_id, &key_id, now)? {
                return Ok(Answer::rejected(reason));
            }
            let expires_at = flows::issue_hash(unit, flow_id, &hash)?;
            Ok(Answer::new(
                200,
                &Issued {
                    client_data_hash: encode_base64(&hash),
                    expires_at: rfc3339(expires_at),
                },
            ))
        }))
    }
}

#[derive(Serialize)]
struct Issued {
    #[serde(rename = "clientDataHash_base64")]
    client_data_hash: String,
    #[serde(rename = "expiresAt")]
    expires_at: String,
}
