//! What a caller sent, and how much of it a step may read.

use bytes::Bytes;
use integrator_core::flow::ids::Fingerprint;
use integrator_core::protocol::{Body, Sends, Step, read_body};

use super::failure::{Failure, FailureKind};
use super::fingerprint;
use crate::envelope::Envelope;

/// A request's body, as it arrived, and what stands around it.
#[derive(Clone)]
pub struct Delivery {
    /// The body.
    pub body: Bytes,
    /// Headers and trace.
    pub envelope: Envelope,
}

/// A body, judged once before its step is known.
pub(super) struct Read<'a> {
    bytes: &'a [u8],
    members: Result<Body<'a>, Failure>,
}

impl Delivery {
    pub(super) fn read(&self) -> Read<'_> {
        let members = if self.envelope.allows_json() {
            read_body(&self.body)
                .map_err(|invalid| Failure::new(FailureKind::InvalidInput(invalid.to_string())))
        } else {
            Err(Failure::new(FailureKind::UnsupportedMediaType))
        };
        Read {
            bytes: &self.body,
            members,
        }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.body)
    }
}

impl<'a> Read<'a> {
    /// The body as the step reads it: a raw one takes any.
    pub(super) fn of(&self, step: &Step) -> Result<Body<'a>, Failure> {
        match step.sends() {
            Sends::Raw => Ok(Body::Unread(self.bytes)),
            Sends::Json | Sends::Form | Sends::Query => self.members.clone(),
        }
    }

    /// Whether it is readable as what steps take that look at their members.
    pub(super) fn whole(&self) -> Result<(), Failure> {
        self.members.as_ref().map(|_| ()).map_err(Failure::clone)
    }

    /// What is told where no step was found that could have taken a body which is not readable:
    /// the body comes before the flow.
    pub(super) fn unless_unreadable(&self, failure: Failure) -> Failure {
        match (&failure.kind, &self.members) {
            (FailureKind::NotFound(_), Err(unreadable)) => unreadable.clone(),
            _ => failure,
        }
    }
}
