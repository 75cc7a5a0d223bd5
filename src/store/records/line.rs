//! A store's content as lines of JSON: a definition before the first flow that runs it, flows in
//! the order of their handles, and at the end what was written. Equal contents give equal lines,
//! whatever store they come from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use serde::{Deserialize, Serialize};

use super::{Answer, Head, Sealed, Whole};
use crate::store::stored::StartKey;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::store) enum Line {
    /// A definition.
    Definition {
        /// Its digest.
        digest: String,
        /// Its text.
        text: String,
    },
    /// A flow with everything that is kept of it.
    Flow(Box<FlowLine>),
    /// The last line.
    End {
        /// How many flows stand before it.
        flows: u64,
        /// SHA-256 over all lines before it, their line ends included, in hexadecimal.
        sha256: String,
    },
}

/// A flow's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::store) struct FlowLine {
    handle: String,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    record: SealedLine,
    answers: Vec<AnswerLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SealedLine {
    schema: u16,
    text: String,
    seal: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnswerLine {
    attempt: String,
    record: SealedLine,
    #[serde(rename = "body_base64")]
    body: String,
    bytes: u64,
}

impl From<&Whole> for FlowLine {
    fn from(whole: &Whole) -> Self {
        let answer = |answer: &Answer| AnswerLine {
            attempt: answer.attempt.as_str().to_owned(),
            record: (&answer.sealed).into(),
            body: STANDARD.encode(&answer.body),
            bytes: answer.bytes,
        };
        Self {
            handle: whole.handle.as_str().to_owned(),
            version: whole.head.version,
            key: whole.key.as_ref().map(|key| key.0.to_string()),
            record: (&whole.head.sealed).into(),
            answers: whole.answers.iter().map(answer).collect(),
        }
    }
}

impl From<&Sealed> for SealedLine {
    fn from(sealed: &Sealed) -> Self {
        Self {
            schema: sealed.schema,
            text: sealed.text.clone(),
            seal: STANDARD.encode(sealed.seal),
        }
    }
}

impl FlowLine {
    /// The flow that the line tells of; none where it cannot be one.
    pub(in crate::store) fn whole(self) -> Option<Whole> {
        let answer = |line: AnswerLine| {
            Some(Answer {
                attempt: AttemptId::new(&line.attempt),
                sealed: line.record.sealed()?,
                body: STANDARD.decode(line.body).ok()?.into(),
                bytes: line.bytes,
            })
        };
        let answers = self.answers.into_iter().map(answer);
        Some(Whole {
            handle: FlowHandle::parse(&self.handle)?,
            head: Head {
                version: self.version,
                sealed: self.record.sealed()?,
            },
            key: self.key.map(|key| StartKey(key.into())),
            answers: answers.collect::<Option<_>>()?,
        })
    }
}

impl SealedLine {
    fn sealed(self) -> Option<Sealed> {
        Some(Sealed {
            schema: self.schema,
            text: self.text,
            seal: STANDARD.decode(self.seal).ok()?.try_into().ok()?,
        })
    }
}
