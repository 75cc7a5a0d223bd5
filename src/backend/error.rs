//! How a call to the backend can fail to bring a whole answer.

use integrator_core::flow::history::{Ending, Sent};
use thiserror::Error;

/// A call without a whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No connection, a reset, an unreadable or oversized answer.
    #[error("{detail}")]
    Unavailable {
        /// Whether any byte may have reached the backend.
        sent: Sent,
        /// What happened, for people.
        detail: String,
    },
    /// No whole answer in time.
    #[error("{detail}")]
    TimedOut {
        /// Whether any byte may have reached the backend.
        sent: Sent,
        /// What happened, for people.
        detail: String,
    },
}

impl CallError {
    /// The same as the flow's history keeps it.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Unavailable { sent, .. } => Ending::Unavailable(*sent),
            Self::TimedOut { sent, .. } => Ending::TimedOut(*sent),
        }
    }

    /// Whether any byte of the request may have reached the backend.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::Unavailable { sent, .. } | Self::TimedOut { sent, .. } => *sent,
        }
    }

    pub(super) fn unreadable(detail: &str) -> Self {
        Self::Unavailable {
            sent: Sent::Unknown,
            detail: detail.to_owned(),
        }
    }

    /// Tells whether the request may have left from how the client failed. Only a failed attempt
    /// to connect (name lookup, refusal, TLS handshake, connect timeout) proves that it did not.
    pub(super) fn classify(error: &reqwest::Error) -> Self {
        let sent = if error.is_connect() || error.is_builder() {
            Sent::NotSent
        } else {
            Sent::Unknown
        };
        let detail = describe(error, sent);
        if error.is_timeout() {
            Self::TimedOut { sent, detail }
        } else {
            Self::Unavailable { sent, detail }
        }
    }
}

/// The innermost cause says most, and the outer ones may repeat the address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn describe(error: &reqwest::Error, sent: Sent) -> String {
    let cause = innermost(error);
    match sent {
        Sent::NotSent => format!("no connection to the backend: {cause}"),
        Sent::Unknown => format!("the backend's answer did not arrive whole: {cause}"),
    }
}
