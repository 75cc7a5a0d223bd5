//! All that was seen of one flow, in order, with what was done to processes and the store
//! meanwhile: what one needs to understand a breach.

use super::ledger::{Call, Ledger};

/// What happened so long before and after a flow's own doings is told, too.
const AROUND: u64 = 3_000_000;

/// The story of a flow, one event a line, in milliseconds.
pub(crate) fn story(ledger: &Ledger, flow: &str) -> String {
    let mut own = Vec::new();
    for call in ledger.calls.iter().filter(|call| call.flow == flow) {
        of_call(call, &mut own);
    }
    for heard in ledger
        .heard
        .iter()
        .filter(|h| h.flow.as_deref() == Some(flow))
    {
        let code = heard.code.as_deref().unwrap_or_default();
        let step = heard.step.map_or("status", |step| step.name());
        let told = format!(
            "a caller is told {} {code} of {step} by {}, asked at {}; replayed: {}",
            heard.status,
            heard.process,
            heard.asked / 1000,
            heard.replayed
        );
        own.push((heard.told, told));
    }
    let first = own.iter().map(|(at, _)| *at).min().unwrap_or_default();
    let last = own.iter().map(|(at, _)| *at).max().unwrap_or_default();
    let kills = ledger.kills.iter();
    let kills = kills.map(|kill| (kill.from, format!("{} is killed", kill.process)));
    let stops = ledger.stops.iter().flat_map(|stop| {
        let until = stop.until.unwrap_or_default();
        [
            (stop.from, format!("{} is stopped", stop.process)),
            (until, format!("{} goes on", stop.process)),
        ]
    });
    let stores = ledger.store_kills.iter();
    let stores = stores.map(|at| (*at, "the store is killed".to_owned()));
    let blows = kills.chain(stops).chain(stores);
    let is_near = |at: u64| at + AROUND > first && at < last + AROUND;
    own.extend(blows.filter(|(at, _)| is_near(*at)));
    own.sort();
    let mut told = format!("the story of {flow}:");
    for (at, event) in own {
        told.push_str(&format!("\n    {:>7} {event}", at / 1000));
    }
    for found in ledger.found.iter().filter(|found| found.flow == flow) {
        told.push_str(&format!("\n    in the end: {found:?}"));
    }
    told
}

fn of_call(call: &Call, events: &mut Vec<(u64, String)>) {
    let Call {
        serial,
        step,
        attempt,
        process,
        ..
    } = call;
    let arrived = format!("{process} makes call {serial} of {step}, attempt {attempt}");
    events.push((call.arrived, arrived));
    if let Some(at) = call.answered {
        events.push((at, format!("call {serial} is answered {}", call.status)));
    }
    if let Some(at) = call.closed {
        events.push((at, format!("call {serial} is closed")));
    }
}
