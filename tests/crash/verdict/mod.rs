//! The laws, held against a ledger. Pure: a forged ledger shows that each breach is seen.

mod answers;
mod attempts;
mod calls;
#[cfg(test)]
mod forged;

use std::collections::BTreeMap;
use std::fmt;

use super::ledger::{Call, Ledger};
use super::protocol::{LEASE_MS, TIMEOUT_MS};

/// What must hold whatever is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// What a caller was told is what stands there, byte for byte.
    AcknowledgedIsKept,
    /// No step of a flow has two answers that were told or recorded.
    OneVerdict,
    /// A flow is not called for while another call may be under a claim.
    OneCallUnderAClaim,
    /// The same request has the same attempt id, another one another.
    AttemptIds,
    /// A step that holds is not called again once an outcome is unknown.
    HeldIsHeld,
    /// Every flow can be driven to its end.
    DrivenToItsEnd,
    /// Nothing else is told than what callers can act on.
    ExpectedReplies,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AcknowledgedIsKept => "no acknowledged transition is lost",
            Self::OneVerdict => "no flow has two effective verdicts",
            Self::OneCallUnderAClaim => "no claim makes two calls, and no call is made without one",
            Self::AttemptIds => "the same request has the same attempt id, another one another",
            Self::HeldIsHeld => "a held step is not called again",
            Self::DrivenToItsEnd => "every flow can be driven to its end",
            Self::ExpectedReplies => "callers are told what they can act on",
        })
    }
}

/// A law that was broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) law: Law,
    /// Which flow, where it is known.
    pub(crate) flow: Option<String>,
    pub(crate) detail: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BROKEN: {}: {}", self.law, self.detail)
    }
}

/// Breaches as they are found.
#[derive(Default)]
struct Breaches(Vec<Breach>);

impl Breaches {
    fn add(&mut self, law: Law, detail: impl Into<String>) {
        self.0.push(Breach {
            law,
            flow: None,
            detail: detail.into(),
        });
    }

    fn add_of(&mut self, flow: &str, law: Law, detail: impl Into<String>) {
        self.add(law, detail);
        if let Some(breach) = self.0.last_mut() {
            breach.flow = Some(flow.to_owned());
        }
    }
}

/// How long claims live, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    timeout: u64,
    lease: u64,
    /// How late this process may see what happened.
    lag: u64,
}

const TIMES: Times = Times {
    timeout: TIMEOUT_MS * 1000,
    lease: LEASE_MS * 1000,
    lag: 200_000,
};

/// Every breach of every law.
pub(crate) fn judge(ledger: &Ledger) -> Vec<Breach> {
    let mut breaches = Breaches::default();
    let by_flow = by_flow(ledger);
    answers::judge(ledger, &mut breaches);
    calls::judge(ledger, &by_flow, &mut breaches);
    attempts::judge(ledger, &by_flow, &mut breaches);
    unfinished(ledger, &mut breaches);
    unexpected(ledger, &mut breaches);
    breaches.0
}

/// The calls of each flow, in the order in which they arrived.
fn by_flow(ledger: &Ledger) -> BTreeMap<&str, Vec<&Call>> {
    let mut by_flow: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &ledger.calls {
        by_flow.entry(&call.flow).or_default().push(call);
    }
    for calls in by_flow.values_mut() {
        calls.sort_by_key(|call| call.arrived);
    }
    by_flow
}

fn unfinished(ledger: &Ledger, breaches: &mut Breaches) {
    for told in &ledger.unfinished {
        breaches.add(Law::DrivenToItsEnd, told);
    }
}

/// Codes that a caller may be told while processes and stores come and go.
const EXPECTED: [&str; 10] = [
    "step_in_progress",
    "outcome_unknown",
    "sequence_violation",
    "terminal_state",
    "backend_unavailable",
    "backend_error",
    "backend_timeout",
    "store_unavailable",
    "shutting_down",
    "expired",
];

fn unexpected(ledger: &Ledger, breaches: &mut Breaches) {
    for heard in ledger.heard.iter().filter(|heard| heard.status != 200) {
        let code = heard.code.as_deref().unwrap_or("no code");
        // A flow that was told of is there; what is not there is told of under the first law.
        if !EXPECTED.contains(&code) && code != "not_found" {
            let told = format!("{} at {}: {}", heard.item, heard.process, heard.body);
            breaches.add(Law::ExpectedReplies, told);
        }
    }
}
