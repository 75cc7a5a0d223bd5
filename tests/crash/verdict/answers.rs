//! What callers were told against what stands there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Breaches, Law};
use crate::ledger::{Call, Found, Heard, Ledger};
use crate::protocol::{Step, state_after};

pub(super) fn judge(ledger: &Ledger, breaches: &mut Breaches) {
    let calls: BTreeMap<u64, &Call> = ledger.calls.iter().map(|c| (c.serial, c)).collect();
    let found: BTreeMap<&str, &Found> = ledger.found.iter().map(|f| (f.flow.as_str(), f)).collect();
    let mut told: BTreeMap<(&str, Step), &Heard> = BTreeMap::new();
    let mut handles: BTreeMap<&str, &str> = BTreeMap::new();
    for heard in ledger.heard.iter().filter(|heard| heard.status == 200) {
        let Some(flow) = heard.flow.as_deref() else {
            continue;
        };
        let Some(step) = heard.step else {
            continue;
        };
        if heard.item.starts_with("keyed-") {
            let first = handles.entry(&heard.item).or_insert(flow);
            if *first != flow {
                let detail = format!("{}: one key started {first} and {flow}", heard.item);
                breaches.add(Law::OneVerdict, detail);
            }
        }
        let first = *told.entry((flow, step)).or_insert(heard);
        if first.body != heard.body {
            let detail = format!(
                "{step} of {flow} was told as\n    {} by {} and as\n    {} by {}",
                first.body, first.process, heard.body, heard.process
            );
            breaches.add(Law::OneVerdict, detail);
        }
    }
    for ((flow, step), heard) in &told {
        kept(heard, *step, found.get(flow).copied(), &calls, breaches);
    }
    for found in &ledger.found {
        consistent(found, &calls, breaches);
        repeated(found, &told, breaches);
    }
    vanished(ledger, breaches);
    ran_back(ledger, &told, breaches);
    let later = ledger
        .calls
        .len()
        .saturating_sub(ledger.calls_before_replays);
    if later > 0 && !ledger.found.is_empty() {
        let detail = format!("{later} calls were made for requests that had their answers");
        breaches.add(Law::OneCallUnderAClaim, detail);
    }
}

/// The serial number in an answer or in a reply that holds one.
pub(super) fn serial_in(text: &str) -> Option<u64> {
    let (_, after) = text.split_once("\"serial\":")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// A reply against the call that it tells and the flow as it stands.
fn kept(
    heard: &Heard,
    step: Step,
    found: Option<&Found>,
    calls: &BTreeMap<u64, &Call>,
    breaches: &mut Breaches,
) {
    let mut lost = |why: &str| {
        let (item, told) = (&heard.item, &heard.body);
        let detail = format!("{item}, {step}: {why}; told by {}: {told}", heard.process);
        breaches.add_of(
            heard.flow.as_deref().unwrap_or_default(),
            Law::AcknowledgedIsKept,
            detail,
        );
    };
    let backend = heard
        .body
        .split_once("\"backend\":")
        .map(|(_, after)| after);
    let call = backend
        .and_then(serial_in)
        .and_then(|serial| calls.get(&serial));
    let Some(call) =
        call.filter(|call| call.step == step && Some(&call.flow) == heard.flow.as_ref())
    else {
        return lost("the reply tells of no call of this step");
    };
    if !heard.body.contains(&call.answer) {
        return lost("the answer's bytes are not those of the backend");
    }
    let Some(found) = found.filter(|found| found.state.is_some()) else {
        return lost("the flow is not there any more");
    };
    let transition = found
        .transitions
        .iter()
        .find(|made| made.step == Some(step) && made.attempt.as_ref() == Some(&call.attempt));
    match transition {
        None => lost("the history does not have the transition"),
        Some(made) if made.answer.as_ref() != Some(&call.answer) => {
            lost("the history has another answer");
        }
        Some(_) => {}
    }
    if found.answers.get(&step) != Some(&call.answer) {
        lost("the recorded answer is another one, or gone");
    }
}

/// A flow's history against itself, the recorded answers, and the state.
fn consistent(found: &Found, calls: &BTreeMap<u64, &Call>, breaches: &mut Breaches) {
    let mut broken = |why: String| {
        let detail = format!(
            "{} ({}): {why}: {:?}",
            found.item, found.flow, found.transitions
        );
        breaches.add_of(&found.flow, Law::OneVerdict, detail);
    };
    let mut seen = BTreeSet::new();
    let (mut state, mut version) = ("created".to_owned(), 0);
    for made in &found.transitions {
        if made.from != state || made.version <= version {
            broken(format!("version {} does not follow", made.version));
        }
        (state, version) = (made.to.clone(), made.version);
        let Some(step) = made.step else {
            continue;
        };
        if !seen.insert(step) {
            broken(format!("{step} made two transitions"));
        }
        let answer = made.answer.as_deref().unwrap_or_default();
        let call = serial_in(answer).and_then(|serial| calls.get(&serial));
        let Some(call) = call else {
            broken(format!("{step} has the answer to no call"));
            continue;
        };
        let is_its_own = call.flow == found.flow
            && call.step == step
            && Some(&call.attempt) == made.attempt.as_ref()
            && call.answer == answer;
        let verified = call.serial.is_multiple_of(2);
        if !is_its_own || made.to != state_after(step, verified) {
            broken(format!("{step} has the answer to call {}", call.serial));
        }
        if found.answers.get(&step) != Some(&call.answer) {
            broken(format!("{step} has another answer recorded"));
        }
    }
    if found.state.as_ref().is_some_and(|told| *told != state) {
        broken(format!("the status is {:?}", found.state));
    }
}

/// Requests that were sent once more in the end.
fn repeated(found: &Found, told: &BTreeMap<(&str, Step), &Heard>, breaches: &mut Breaches) {
    for replay in &found.replays {
        let first = told.get(&(found.flow.as_str(), replay.step));
        let is_same = first.is_none_or(|first| first.body == replay.body);
        if replay.status != 200 || !replay.replayed || !is_same {
            let detail = format!(
                "{}: {} once more is told as {} {}, not as a replay of {:?}",
                found.item,
                replay.step,
                replay.status,
                replay.body,
                first.map(|first| &first.body)
            );
            breaches.add_of(&found.flow, Law::AcknowledgedIsKept, detail);
        }
    }
}

/// Flows that were told of are there from then on.
fn vanished(ledger: &Ledger, breaches: &mut Breaches) {
    for heard in &ledger.heard {
        if heard.code.as_deref() == Some("not_found") {
            let detail = format!("{}: {} at {}", heard.item, heard.body, heard.process);
            breaches.add(Law::AcknowledgedIsKept, detail);
        }
    }
}

/// Who reads after somebody was told a transition reads of it.
fn ran_back(ledger: &Ledger, told: &BTreeMap<(&str, Step), &Heard>, breaches: &mut Breaches) {
    let mut acknowledged: BTreeMap<&str, Vec<(u64, usize)>> = BTreeMap::new();
    for ((flow, step), heard) in told {
        let rank = rank(state_after(*step, true));
        acknowledged
            .entry(flow)
            .or_default()
            .push((heard.told, rank));
    }
    for heard in ledger
        .heard
        .iter()
        .filter(|h| h.step.is_none() && h.status == 200)
    {
        let state: Option<serde_json::Value> = serde_json::from_str(&heard.body).ok();
        let state = state.as_ref().and_then(|body| body["state"].as_str());
        let (Some(state), Some(flow)) = (state, heard.flow.as_deref()) else {
            continue;
        };
        let before = acknowledged.get(flow).into_iter().flatten();
        let before = before.filter(|(told, _)| *told < heard.asked);
        let reached = before.map(|(_, rank)| *rank).max().unwrap_or_default();
        if rank(state) < reached {
            let detail = format!("{} reads as {state} at {}", heard.item, heard.process);
            breaches.add(Law::AcknowledgedIsKept, detail);
        }
    }
}

fn rank(state: &str) -> usize {
    match state {
        "begun" => 1,
        "prepared" => 2,
        "paid" => 3,
        "done" | "refused" | "expired" => 4,
        _ => 0,
    }
}
