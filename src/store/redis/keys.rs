//! The names of everything that is kept. What stands in braces decides about the slot of a
//! cluster: a flow has one of its own, and the whole index another.

use integrator_core::flow::ids::FlowHandle;
use sha2::{Digest, Sha256};

use super::fields::hex;
use crate::store::stored::{Facts, LookupKey, StartKey};

/// Handles of all flows: a sorted set without scores.
pub(super) const HANDLES: &str = "integrator:{index}:handles";
/// Handles by the instant that the sweeper has work with them.
pub(super) const DUE: &str = "integrator:{index}:due";
/// What the index has of each flow, by handle.
pub(super) const ENTRIES: &str = "integrator:{index}:entries";
/// How often each flow's due time was hinted, by handle.
pub(super) const HINTS: &str = "integrator:{index}:hints";
/// Counts over all flows.
pub(super) const COUNTS: &str = "integrator:{index}:counts";
/// Pairs of protocol and state that have held a flow.
pub(super) const PAIRS: &str = "integrator:{index}:pairs";
/// The latest instant that the store's clock has shown.
pub(super) const CLOCK: &str = "integrator:{index}:clock";
/// The version of all these names and what is under them.
pub(super) const SCHEMA: &str = "integrator:{index}:schema";

/// A flow with its answers.
pub(super) fn flow(handle: &FlowHandle) -> String {
    format!("integrator:flow:{{{}}}", handle.as_str())
}

/// The part of a start key's name that tells it from others.
pub(super) fn start_digest(key: &StartKey) -> String {
    digest_of(key.0.as_bytes())
}

/// The same of a start key's text.
pub(super) fn digest_of(key: &[u8]) -> String {
    hex(&Sha256::digest(key))
}

/// A start key, by its digest.
pub(super) fn start(digest: &str) -> String {
    format!("integrator:start:{digest}")
}

/// The text of a definition.
pub(super) fn definition(digest: &str) -> String {
    format!("integrator:definition:{digest}")
}

/// A protocol's name and a state's, as one; neither has a slash.
pub(super) fn pair(protocol: &str, state: &str) -> String {
    format!("{protocol}/{state}")
}

/// Flows in one state, by when they were issued.
pub(super) fn in_state(pair: &str) -> String {
    format!("integrator:{{index}}:state:{pair}")
}

/// Flows with one flow id of the backend.
pub(super) fn with_flow_id(id: &LookupKey) -> String {
    format!("integrator:{{index}}:flow_id:{}", hex(&id.0))
}

/// Flows with one `verifyRunID`.
pub(super) fn with_verify_run(id: &LookupKey) -> String {
    format!("integrator:{{index}}:verify_run:{}", hex(&id.0))
}

/// Flows with one correlation id.
pub(super) fn with_correlation(id: &str) -> String {
    format!("integrator:{{index}}:correlation:{id}")
}

/// Every set that a flow with these facts belongs to.
pub(super) fn sets(facts: &Facts) -> Vec<String> {
    let mut sets = vec![
        in_state(&pair(&facts.protocol, &facts.state)),
        with_correlation(&facts.correlation_id),
    ];
    sets.extend(facts.flow_id.as_ref().map(with_flow_id));
    sets.extend(facts.verify_run_id.as_ref().map(with_verify_run));
    sets
}
