//! When calls were made: a claim is a flow's only one until it is let go or its lease has ended.

use std::collections::BTreeMap;

use super::{Breaches, Law, TIMES};
use crate::ledger::{Call, Found, Ledger};

pub(super) fn judge(
    ledger: &Ledger,
    by_flow: &BTreeMap<&str, Vec<&Call>>,
    breaches: &mut Breaches,
) {
    let found: BTreeMap<&str, &Found> = ledger.found.iter().map(|f| (f.flow.as_str(), f)).collect();
    for (flow, calls) in by_flow {
        for (at, first) in calls.iter().enumerate() {
            for second in calls.iter().skip(at + 1) {
                let found = found.get(flow).copied();
                if let Some(why) = overlaps(ledger, first, second, found) {
                    let apart = (second.arrived - first.arrived) / 1000;
                    let detail =
                        format!("{flow}: {why}: {apart} ms apart\n    {first:?}\n    {second:?}");
                    breaches.add_of(flow, Law::OneCallUnderAClaim, detail);
                }
            }
        }
        held(flow, calls, breaches);
    }
}

/// Why the second call cannot have had a claim of its own, if so.
fn overlaps(
    ledger: &Ledger,
    first: &Call,
    second: &Call,
    found: Option<&Found>,
) -> Option<&'static str> {
    // The first may have arrived as late as its deadline; its lease counts from before its claim.
    let lapsed = TIMES.lease - TIMES.timeout - TIMES.lag;
    let is_lapsed = second.arrived - first.arrived >= lapsed;
    if is_lapsed || left_late(ledger, first) || left_late(ledger, second) {
        return None;
    }
    let answered = first.answered.filter(|at| *at <= second.arrived);
    let closed = first.closed.filter(|at| *at <= second.arrived + TIMES.lag);
    let Some(ended) = answered.or(closed) else {
        return Some("a call was made while another one was under way");
    };
    // What the history tells of as let go was let go before the kill, or before the answer: that is
    // seen a little late here.
    let mut let_go = found.into_iter().flat_map(|found| &found.attempts);
    if let_go.any(|it| it.attempt == first.attempt && it.code != "outcome_unknown") {
        return None;
    }
    let mut kills = ledger.kills.iter();
    let killed = kills.find(|kill| kill.process == first.process);
    if killed.is_some_and(|kill| kill.from < ended && kill.from < second.arrived) {
        return Some("a call was made before the lease of a killed process had ended");
    }
    // A whole answer that came in good time is recorded, or its claim lapses.
    let mut answered = first.answered.into_iter();
    let in_time = answered.any(|at| at - first.arrived < TIMES.timeout / 2);
    let is_again = first.step == second.step && first.is_recordable() && in_time;
    is_again.then_some("a step was called again at once, although it had its answer")
}

/// A process that was stopped between its last look at the clock and its sending sends when it goes
/// on, under a claim that ended meanwhile. No lease can forbid that; the answer is dropped. When
/// the claim was made cannot be told from such a call.
fn left_late(ledger: &Ledger, call: &Call) -> bool {
    ledger.stops.iter().any(|stop| {
        let until = stop.until.unwrap_or(u64::MAX);
        stop.process == call.process
            && until <= call.arrived
            && call.arrived - until < TIMES.timeout + TIMES.lag
            && until - stop.from >= TIMES.lease - TIMES.timeout - TIMES.lag
    })
}

/// Only a refusal that was answered leaves it known that nothing happened.
fn held(flow: &str, calls: &[&Call], breaches: &mut Breaches) {
    let mut unknown: Option<&Call> = None;
    for call in calls.iter().filter(|call| call.step.holds()) {
        if let Some(earlier) = unknown {
            let detail = format!("{flow}:\n    {earlier:?}\n    {call:?}");
            breaches.add_of(flow, Law::HeldIsHeld, detail);
        }
        let is_refused = call.answered.is_some() && call.status == 503;
        unknown = (!is_refused).then_some(*call).or(unknown);
    }
}
