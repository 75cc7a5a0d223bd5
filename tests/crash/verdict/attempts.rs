//! Attempt ids: what lets a backend recognise a request that it has seen before.

use std::collections::BTreeMap;

use super::{Breaches, Law};
use crate::clients::has_rival;
use crate::ledger::{Call, Ledger};

pub(super) fn judge(
    ledger: &Ledger,
    by_flow: &BTreeMap<&str, Vec<&Call>>,
    breaches: &mut Breaches,
) {
    let mut requests: BTreeMap<&str, &Call> = BTreeMap::new();
    for call in &ledger.calls {
        let first = *requests.entry(&call.attempt).or_insert(call);
        let is_same = first.flow == call.flow && first.step == call.step && first.body == call.body;
        if !is_same {
            let detail = format!("two requests share one:\n    {first:?}\n    {call:?}");
            breaches.add_of(&call.flow, Law::AttemptIds, detail);
        }
    }
    // Of two bodies that take turns only the latest is remembered, so that theirs may change.
    let items = ledger
        .found
        .iter()
        .map(|found| (found.flow.as_str(), found.item.as_str()));
    let items: BTreeMap<&str, &str> = items.collect();
    for (flow, calls) in by_flow {
        if items.get(flow).is_some_and(|item| has_rival(item)) {
            continue;
        }
        for (at, call) in calls.iter().enumerate() {
            let mut later = calls.iter().skip(at + 1);
            let other = later.find(|later| {
                later.step == call.step && later.body == call.body && later.attempt != call.attempt
            });
            if let Some(other) = other {
                let detail = format!("one request has two:\n    {call:?}\n    {other:?}");
                breaches.add_of(flow, Law::AttemptIds, detail);
            }
        }
    }
}
