//! A flow as a store takes and gives it, and the facts that a store's indexes are made of.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::Tick;
use integrator_core::json::Value;
use integrator_core::protocol::Protocol;
use sha2::{Digest, Sha256};

/// What makes two keyed starts one: the tenant's scope and the caller's idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartKey(pub Arc<str>);

/// A flow with the definition that it started with and keeps.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The flow.
    pub flow: Arc<Flow>,
    /// The definition whose digest the flow names.
    pub protocol: Arc<Protocol>,
}

impl Stored {
    /// A flow that runs `protocol`.
    #[must_use]
    pub fn new(flow: impl Into<Arc<Flow>>, protocol: Arc<Protocol>) -> Self {
        Self {
            flow: flow.into(),
            protocol,
        }
    }

    /// What indexes are made of.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let origin = self.flow.origin();
        Facts {
            due: self.flow.due(&self.protocol),
            protocol: origin.protocol.clone(),
            state: self.protocol.state_name(self.flow.state()).into(),
            terminal: self.flow.is_closed(),
            issued_ms: origin.issued_at.as_millisecond(),
            correlation_id: origin.correlation_id.clone(),
            flow_id: self.flow.flow_id().and_then(LookupKey::of_json),
            verify_run_id: self.flow.member(VERIFY_RUN_ID).and_then(LookupKey::of_json),
        }
    }
}

/// The member of an observation that flows can be found by.
pub const VERIFY_RUN_ID: &str = "verifyRunID";

/// The facts of a flow that it can be found or counted by. They are hints wherever a store keeps
/// them beside the record: the record decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When the sweeper has work with it.
    pub due: Tick,
    /// The name of its protocol.
    pub protocol: Arc<str>,
    /// The name of its stored state.
    pub state: Arc<str>,
    /// Whether that state is terminal.
    pub terminal: bool,
    /// Issue time in milliseconds since the Unix epoch.
    pub issued_ms: i64,
    /// Its correlation id, visible ASCII.
    pub correlation_id: Arc<str>,
    /// The backend's flow id, once it gave one.
    pub flow_id: Option<LookupKey>,
    /// The observation's member `verifyRunID`, where it is a string.
    pub verify_run_id: Option<LookupKey>,
}

/// What a text of any length and content is looked up by: its SHA-256. Whether a flow that is
/// found so really has the text, its record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey(pub [u8; 32]);

impl LookupKey {
    /// The key of a text, which may hold lone surrogates (WTF-8).
    #[must_use]
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The key of the string that raw JSON text spells; none for any other kind.
    fn of_json(raw: &Bytes) -> Option<Self> {
        decoded(raw).map(Self::of)
    }
}

/// The string that raw JSON text spells, which may hold lone surrogates (WTF-8); none for any other
/// kind.
#[must_use]
pub fn decoded(raw: &Bytes) -> Option<Cow<'_, [u8]>> {
    Value::parse(raw, 1).ok()?.decoded_string()
}

/// Where a flow stands among all, ordered by when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Issue time in milliseconds since the Unix epoch.
    pub issued_ms: i64,
    /// Which flow.
    pub handle: FlowHandle,
}

/// Where a flow stands among those that are due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePosition {
    /// When the sweeper has work with it.
    pub due: Tick,
    /// Which flow.
    pub handle: FlowHandle,
}

/// Which flows come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those issued first.
    #[default]
    OldestFirst,
    /// Those issued last.
    NewestFirst,
}

impl Order {
    /// Puts positions in this order.
    pub fn sort(self, positions: &mut [Position]) {
        positions.sort();
        match self {
            Self::OldestFirst => {}
            Self::NewestFirst => positions.reverse(),
        }
    }
}

/// Which flows are looked for; every part that is there must hold of the stored record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The stored state's name. A flow whose expiry nobody wrote down yet is stored in the state
    /// that it expired in.
    pub state: Option<Arc<str>>,
    /// The protocol's name.
    pub protocol: Option<Arc<str>>,
    /// The backend's flow id.
    pub flow_id: Option<LookupKey>,
    /// The correlation id.
    pub correlation_id: Option<Arc<str>>,
    /// The observation's `verifyRunID`.
    pub verify_run_id: Option<LookupKey>,
    /// Issued before this instant, in milliseconds since the Unix epoch.
    pub issued_before_ms: Option<i64>,
    /// Only flows after this one, in the order of the query.
    pub after: Option<Position>,
    /// In which order.
    pub order: Order,
}

impl Query {
    /// Whether a flow with these facts is one of those looked for, its position aside.
    #[must_use]
    pub fn takes(&self, facts: &Facts) -> bool {
        let is = |wanted: &Option<Arc<str>>, fact: &Arc<str>| {
            wanted.as_ref().is_none_or(|wanted| wanted == fact)
        };
        let keyed = |wanted: Option<LookupKey>, fact: Option<LookupKey>| {
            wanted.is_none_or(|wanted| fact == Some(wanted))
        };
        is(&self.state, &facts.state)
            && is(&self.protocol, &facts.protocol)
            && is(&self.correlation_id, &facts.correlation_id)
            && keyed(self.flow_id, facts.flow_id)
            && keyed(self.verify_run_id, facts.verify_run_id)
            && self
                .issued_before_ms
                .is_none_or(|before| facts.issued_ms < before)
    }
}
