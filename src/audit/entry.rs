//! What a record tells, before it has its place in the chain. Never an artifact and never a body:
//! of the backend's recorded answer its digest.

use bytes::Bytes;
use integrator_core::flow::history::Transition;
use integrator_core::flow::record::Flow;
use integrator_core::json::write_string;
use integrator_core::protocol::Protocol;
use jiff::Timestamp;

use super::hash::Hash;
use crate::orchestrator::ReloadOutcome;
use crate::orchestrator::event::{Event, Mover};

/// The longest `flowID` that is told, as the backend wrote it; of a longer one its digest.
const FLOW_ID_MAX: usize = 1024;
/// The kind of the record that closes what a crash left behind.
pub(super) const RECOVERED: &str = "recovered";
/// The kind of the record that begins another file.
pub(super) const ROTATED: &str = "rotate";
/// The kind of the record that stands for those that a full queue lost.
pub(super) const LOST: &str = "lost";

/// What is to be recorded.
#[derive(Debug)]
pub(super) struct Entry {
    at: Timestamp,
    kind: &'static str,
    /// `,"name":value` for each member.
    members: Vec<u8>,
    /// The recorded answer, of which the digest is still to be made.
    answer: Option<Bytes>,
    /// Records that are lost with this one.
    stands_for: u64,
}

impl Entry {
    /// What an event tells; nothing where it is neither a transition nor a deed of an operator.
    pub(super) fn of(event: &Event<'_>) -> Option<Self> {
        match event {
            Event::Moved {
                flow,
                protocol,
                transition,
                in_state: _,
                by,
            } => Some(Self::moved(flow, protocol, transition, *by)),
            Event::Called { .. }
            | Event::Decided { .. }
            | Event::Turned { .. }
            | Event::Replayed { .. }
            | Event::Late { .. }
            | Event::StoreFailed { .. }
            | Event::Unreadable { .. }
            | Event::Unwatchable { .. }
            | Event::Removed { .. }
            | Event::Watched { .. }
            | Event::Swept { .. } => None,
        }
    }

    fn moved(flow: &Flow, protocol: &Protocol, transition: &Transition, by: Mover<'_>) -> Self {
        let kind = match by {
            Mover::Answer(_) | Mover::Deadline => "transition",
            Mover::Operator => "expire",
        };
        let mut entry = Self::new(transition.at, kind);
        entry.string("flowHandle", flow.handle().as_str());
        match flow.flow_id() {
            Some(raw) if raw.len() <= FLOW_ID_MAX => entry.raw("flowID", raw),
            Some(raw) => entry.string("flowIDSha256", &Hash::of(raw).to_string()),
            None => {}
        }
        entry.string("correlationID", &flow.origin().correlation_id);
        entry.string("protocol", protocol.name());
        let cause = transition.cause.as_ref();
        if let Some(cause) = cause {
            entry.string("step", protocol.step_by_id(cause.step).name());
        }
        entry.string("from", protocol.state_name(transition.from));
        entry.string("to", protocol.state_name(transition.to));
        entry.number("version", transition.version);
        if let Some(cause) = cause {
            entry.string("attemptID", cause.attempt.as_str());
            entry.number("backendStatus", u64::from(cause.backend_status));
        }
        if let Mover::Answer(answer) = by {
            entry.answer = Some(answer.answer.body.clone());
        }
        entry
    }

    /// Bytes of an answer that are held until its digest is made.
    pub(super) fn held(&self) -> u64 {
        self.answer.as_ref().map_or(0, |answer| answer.len() as u64)
    }

    /// Makes the digest of the answer, which takes time, and lets go of it.
    pub(super) fn digest(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.string("answerSha256", &Hash::of(&answer).to_string());
        }
    }

    /// The service serves.
    pub(super) fn started(at: Timestamp) -> Self {
        let mut entry = Self::new(at, "start");
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry
    }

    /// The service ends in order.
    pub(super) fn stopped(at: Timestamp) -> Self {
        Self::new(at, "stop")
    }

    /// Definitions were read anew.
    pub(super) fn reloaded(at: Timestamp, outcome: &ReloadOutcome) -> Self {
        let mut entry = Self::new(at, "reload");
        entry.string("outcome", outcome.as_str());
        if let ReloadOutcome::Refused(problems) = outcome {
            entry.number("problems", problems.len() as u64);
        }
        entry
    }

    /// The file was moved away, and another one begins.
    pub(super) fn rotated(at: Timestamp) -> Self {
        Self {
            stands_for: 0,
            ..Self::new(at, ROTATED)
        }
    }

    /// So many records could not wait for the disk.
    pub(super) fn lost(at: Timestamp, records: u64) -> Self {
        let mut entry = Self::new(at, LOST);
        entry.number("records", records);
        entry.stands_for = records;
        entry
    }

    /// The bytes before this record, which are none, are what a crash left behind.
    pub(super) fn recovered(at: Timestamp, bytes: u64, sha256: Hash) -> Self {
        let mut entry = Self::new(at, RECOVERED);
        entry.stands_for = 0;
        entry.number("bytes", bytes);
        entry.string("sha256", &sha256.to_string());
        entry
    }

    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// Records that are lost where this one is not written: itself, and those that it tells of.
    pub(super) fn stands_for(&self) -> u64 {
        self.stands_for
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) fn members(&self) -> &[u8] {
        &self.members
    }

    const fn new(at: Timestamp, kind: &'static str) -> Self {
        Self {
            at,
            kind,
            members: Vec::new(),
            answer: None,
            stands_for: 1,
        }
    }

    fn string(&mut self, name: &str, text: &str) {
        let mut quoted = Vec::with_capacity(text.len() + 2);
        write_string(&mut quoted, text);
        self.raw(name, &quoted);
    }

    fn number(&mut self, name: &str, number: u64) {
        self.raw(name, number.to_string().as_bytes());
    }

    fn raw(&mut self, name: &str, value: &[u8]) {
        self.members.extend_from_slice(b",\"");
        self.members.extend_from_slice(name.as_bytes());
        self.members.extend_from_slice(b"\":");
        self.members.extend_from_slice(value);
    }
}
