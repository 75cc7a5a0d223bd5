//! The end of a run: everything is up, and every flow is asked what stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::clients::{Flow, World, has_rival, is_keyed, is_rivals};
use super::http::{Reply, Request, ask};
use super::ledger::{Call, Found, Ledger, Replay, Transition, Unanswered};
use super::protocol::{LEASE_MS, Step};

/// How often a reading is tried; the store may have come back just now.
const TRIES: usize = 50;

/// Asks for all flows that the backend or a caller knows.
pub(crate) async fn audit(world: &World) {
    world.fleet.recover().await;
    // Real leases end in real time: whatever was under way has settled or lapsed after this.
    sleep(Duration::from_millis(LEASE_MS)).await;
    let flows = flows(&world.book.open());
    let mut found = Vec::new();
    for (handle, item) in &flows {
        found.push(read(world, handle, item).await);
    }
    let calls = {
        let mut ledger = world.book.open();
        ledger.calls_before_replays = ledger.calls.len();
        ledger.calls.clone()
    };
    for found in &mut found {
        found.replays = replays(world, found, &calls).await;
    }
    world.book.open().found = found;
}

/// Every flow by its handle, with its name.
fn flows(ledger: &Ledger) -> BTreeMap<String, String> {
    let heard = ledger.heard.iter();
    let heard = heard.filter_map(|heard| Some((heard.flow.clone()?, heard.item.clone())));
    let called = ledger.calls.iter().filter(|call| call.step == Step::Start);
    let called = called.filter_map(|call| {
        let body: Value = serde_json::from_str(&call.body).ok()?;
        Some((call.flow.clone(), body.get("item")?.as_str()?.to_owned()))
    });
    called.chain(heard).collect()
}

async fn get(world: &World, target: String) -> Option<Reply> {
    sent(world, &Request::get(target)).await
}

async fn sent(world: &World, request: &Request) -> Option<Reply> {
    for attempt in 0..TRIES {
        let (address, _) = world.fleet.reach(attempt % world.fleet.len())?;
        let reply = ask(address, request, Duration::from_secs(5)).await;
        if let Some(reply) = reply.filter(|reply| reply.status != 503) {
            return Some(reply);
        }
        sleep(Duration::from_millis(100)).await;
    }
    None
}

async fn read(world: &World, handle: &str, item: &str) -> Found {
    let flow = Flow {
        handle: Some(handle.to_owned()),
        ..Flow::keyed("", has_rival(item))
    };
    let mut found = Found {
        item: item.to_owned(),
        flow: handle.to_owned(),
        keyed: is_keyed(item),
        ..Found::default()
    };
    let Some(status) = get(world, flow.path("status")).await else {
        return found;
    };
    if status.status != 200 {
        return found;
    }
    let status: Value = serde_json::from_str(&status.body).unwrap_or_default();
    found.state = status
        .get("state")
        .and_then(Value::as_str)
        .map(str::to_owned);
    found.is_terminal = status.get("terminal") == Some(&Value::Bool(true));
    if let Some(history) = get(world, flow.path("history")).await {
        (found.transitions, found.attempts) = past(&history.body);
    }
    let steps: BTreeSet<Step> = found
        .transitions
        .iter()
        .filter_map(|made| made.step)
        .collect();
    for step in steps {
        let path = format!("steps/{step}/response");
        if let Some(answer) = get(world, flow.path(&path))
            .await
            .filter(|r| r.status == 200)
        {
            found.answers.insert(step, answer.body);
        }
    }
    found
}

/// The same requests once more: none of them may be a call.
async fn replays(world: &World, found: &Found, calls: &[Call]) -> Vec<Replay> {
    let mut replays = Vec::new();
    if found.state.as_deref() == Some("expired") {
        // Nothing is replayed of a flow that has expired.
        return replays;
    }
    let flow = Flow {
        item: found.item.clone(),
        handle: Some(found.flow.clone()),
        protocol: "whole",
    };
    let last = found.transitions.last().and_then(|made| made.step);
    let is_started = found
        .transitions
        .iter()
        .any(|made| made.step == Some(Step::Start));
    let first = (found.keyed && is_started).then_some(Step::Start);
    let last = last.filter(|step| *step != Step::Start);
    for step in first.into_iter().chain(last) {
        let recorded = found.answers.get(&step);
        let call = calls.iter().find(|call| Some(&call.answer) == recorded);
        let by_rival = call.is_some_and(|call| is_rivals(&call.body));
        if let Some(reply) = sent(world, &flow.request(step, by_rival)).await {
            replays.push(Replay {
                step,
                status: reply.status,
                replayed: reply.replayed,
                body: reply.body,
            });
        }
    }
    replays
}

/// A history's transitions and attempts.
fn past(history: &str) -> (Vec<Transition>, Vec<Unanswered>) {
    #[derive(serde::Deserialize)]
    struct History<'a> {
        #[serde(borrow)]
        transitions: Vec<BTreeMap<&'a str, &'a RawValue>>,
        #[serde(borrow)]
        attempts: Vec<BTreeMap<&'a str, &'a RawValue>>,
    }
    fn text(members: &BTreeMap<&str, &RawValue>, name: &str) -> Option<String> {
        serde_json::from_str(members.get(name)?.get()).ok()
    }
    fn step(members: &BTreeMap<&str, &RawValue>) -> Option<Step> {
        Step::named(&text(members, "step")?)
    }
    let Ok(history) = serde_json::from_str::<History<'_>>(history) else {
        return (Vec::new(), Vec::new());
    };
    let transition = |members: &BTreeMap<&str, &RawValue>| Transition {
        version: members
            .get("version")
            .and_then(|version| version.get().parse().ok())
            .unwrap_or_default(),
        step: step(members),
        from: text(members, "from").unwrap_or_default(),
        to: text(members, "to").unwrap_or_default(),
        attempt: text(members, "attemptID"),
        answer: members.get("backend").map(|raw| raw.get().to_owned()),
    };
    let attempt = |members: &BTreeMap<&str, &RawValue>| {
        Some(Unanswered {
            step: step(members)?,
            attempt: text(members, "attemptID")?,
            code: text(members, "code")?,
        })
    };
    (
        history.transitions.iter().map(transition).collect(),
        history.attempts.iter().filter_map(attempt).collect(),
    )
}
