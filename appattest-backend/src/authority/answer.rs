//! An answer as it is recorded and sent: a status and JSON bytes.

use serde::Serialize;

use crate::reason::Reason;

/// A status and a JSON body, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
    reason: Option<Reason>,
}

impl Answer {
    /// A new answer.
    pub(crate) fn new(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self {
                status,
                body,
                replayed: false,
                reason: None,
            },
            Err(_) => Self {
                status: 500,
                body: br#"{"status":"error","reason":"INTERNAL"}"#.to_vec(),
                replayed: false,
                reason: Some(Reason::Internal),
            },
        }
    }

    /// An answer given before.
    pub(crate) fn recorded(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            body,
            replayed: true,
            reason: None,
        }
    }

    /// A request that was not judged: `{"status":"error", …}`.
    #[must_use]
    pub fn error(status: u16, reason: Reason, member: Option<&str>) -> Self {
        Self::explained("error", status, reason, member)
    }

    /// A registration or a hash that was refused: 422 `{"status":"rejected", …}`.
    pub(super) fn rejected(reason: Reason) -> Self {
        Self::explained("rejected", 422, reason, None)
    }

    /// An assertion that was judged and found wanting: 200 `{"verified":false, …}`.
    pub(super) fn unverified(reason: Reason) -> Self {
        let body = Unverified {
            verified: false,
            reason: reason.code(),
            detail: reason.description(),
        };
        Self {
            reason: Some(reason),
            ..Self::new(200, &body)
        }
    }

    fn explained(label: &str, status: u16, reason: Reason, member: Option<&str>) -> Self {
        let body = Explained {
            status: label,
            reason: reason.code(),
            member,
            detail: reason.description(),
        };
        Self {
            reason: Some(reason),
            ..Self::new(status, &body)
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Was it recorded earlier?
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// The reason it gives, for the log; none for good answers and for recorded ones.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The JSON bytes, given away.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

#[derive(Serialize)]
struct Explained<'a> {
    status: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    detail: &'a str,
}

#[derive(Serialize)]
struct Unverified<'a> {
    verified: bool,
    reason: &'a str,
    detail: &'a str,
}
