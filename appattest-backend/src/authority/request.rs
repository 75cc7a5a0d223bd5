//! The members of a request body. Unknown ones are passed over, doubled known ones refused.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::Answer;
use crate::{decoder::decode_base64, reason::Reason};

/// Every member that any call reads.
#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "keyID_base64")]
    key_id: Option<Value>,
    #[serde(rename = "attestationObject_base64")]
    attestation_object: Option<Value>,
    #[serde(rename = "assertionObject_base64")]
    assertion_object: Option<Value>,
    #[serde(rename = "clientDataHash_base64")]
    client_data_hash: Option<Value>,
    #[serde(rename = "challengeID")]
    challenge_id: Option<Value>,
    #[serde(rename = "flowID")]
    flow_id: Option<Value>,
}

/// A request that could not be read, and the member that is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) reason: Reason,
    pub(super) member: Option<&'static str>,
}

impl Malformed {
    pub(super) fn answer(self) -> Answer {
        Answer::error(400, self.reason, self.member)
    }

    fn member(reason: Reason, name: &'static str) -> Self {
        Self {
            reason,
            member: Some(name),
        }
    }
}

/// The members of one request, typed as they are taken.
#[derive(Debug)]
pub(super) struct Members(Body);

impl Members {
    /// Reads a body: one JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let malformed = Malformed {
            reason: Reason::MalformedJson,
            member: None,
        };
        // serde would also take an array as a struct.
        let opening = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if opening != Some(&b'{') {
            return Err(malformed);
        }
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| malformed)
    }

    pub(super) fn key_id(&self) -> Result<[u8; 32], Malformed> {
        const NAME: &str = "keyID_base64";
        let bytes = required(base64(self.0.key_id.as_ref(), NAME)?, NAME)?;
        bytes
            .try_into()
            .map_err(|_| Malformed::member(Reason::InvalidKeyId, NAME))
    }

    pub(super) fn attestation_object(&self) -> Result<Vec<u8>, Malformed> {
        const NAME: &str = "attestationObject_base64";
        required(base64(self.0.attestation_object.as_ref(), NAME)?, NAME)
    }

    pub(super) fn assertion_object(&self) -> Result<Vec<u8>, Malformed> {
        const NAME: &str = "assertionObject_base64";
        required(base64(self.0.assertion_object.as_ref(), NAME)?, NAME)
    }

    pub(super) fn client_data_hash(&self) -> Result<Option<Vec<u8>>, Malformed> {
        base64(self.0.client_data_hash.as_ref(), "clientDataHash_base64")
    }

    pub(super) fn required_client_data_hash(&self) -> Result<Vec<u8>, Malformed> {
        required(self.client_data_hash()?, "clientDataHash_base64")
    }

    pub(super) fn challenge_id(&self) -> Result<Option<Uuid>, Malformed> {
        identifier(self.0.challenge_id.as_ref(), "challengeID")
    }

    pub(super) fn flow_id(&self) -> Result<Uuid, Malformed> {
        const NAME: &str = "flowID";
        required(identifier(self.0.flow_id.as_ref(), NAME)?, NAME)
    }
}

pub(super) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, Malformed> {
    value.ok_or(Malformed::member(Reason::MissingMember, name))
}

/// The caller named a hash where it may not.
pub(super) fn hash_not_allowed() -> Malformed {
    Malformed::member(Reason::ClientDataHashNotAllowed, "clientDataHash_base64")
}

fn text<'a>(value: Option<&'a Value>, name: &'static str) -> Result<Option<&'a str>, Malformed> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Malformed::member(Reason::InvalidMember, name)),
    }
}

fn base64(value: Option<&Value>, name: &'static str) -> Result<Option<Vec<u8>>, Malformed> {
    text(value, name)?
        .map(|text| decode_base64(text).ok_or(Malformed::member(Reason::InvalidBase64, name)))
        .transpose()
}

fn identifier(value: Option<&Value>, name: &'static str) -> Result<Option<Uuid>, Malformed> {
    text(value, name)?
        .map(|text| {
            Uuid::try_parse(text).map_err(|_| Malformed::member(Reason::InvalidMember, name))
        })
        .transpose()
}
