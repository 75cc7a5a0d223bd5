//! Callers: each drives one flow to its end, whatever it is told on the way, and repeats itself,
//! walks away and looks around as callers do.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fleet::Fleet;
use super::http::{Reply, Request, ask};
use super::ledger::{Book, Heard};
use super::numbers::{Random, micros};
use super::protocol::Step;

/// How long a caller waits for a reply. Longer than a claim, so that most find out.
const PATIENCE: Duration = Duration::from_secs(4);

/// A fleet, and the book in which everything that it says is taken down.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) fleet: Fleet,
    pub(crate) book: Book,
}

impl World {
    /// Asks one process and takes the reply down; none where there was no whole one in time.
    pub(crate) async fn ask(
        &self,
        slot: usize,
        flow: &Flow,
        step: Option<Step>,
        request: &Request,
        patience: Duration,
    ) -> Option<Reply> {
        let Some((address, process)) = self.fleet.reach(slot) else {
            // Whoever is down is not asked again at once.
            sleep(Duration::from_millis(20)).await;
            return None;
        };
        let asked = micros();
        let Some(reply) = ask(address, request, patience).await else {
            self.book.open().lost_replies += 1;
            return None;
        };
        self.book.open().heard.push(Heard {
            item: flow.item.clone(),
            flow: flow.handle.clone().or_else(|| handle_in(&reply.body)),
            step,
            process,
            asked,
            told: micros(),
            status: reply.status,
            code: reply.code.clone(),
            replayed: reply.replayed,
            body: reply.body.clone(),
        });
        Some(reply)
    }
}

/// A flow as its caller knows it.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) item: String,
    pub(crate) protocol: &'static str,
    pub(crate) handle: Option<String>,
}

impl Flow {
    /// A flow whose start can be repeated. `rival` says that others send other bodies.
    pub(crate) fn keyed(name: &str, rival: bool) -> Self {
        let suffix = if rival { "-rival" } else { "" };
        Self {
            item: format!("keyed-{name}{suffix}"),
            protocol: "whole",
            handle: None,
        }
    }

    pub(crate) fn unkeyed(name: &str) -> Self {
        Self {
            item: format!("unkeyed-{name}"),
            ..Self::keyed(name, false)
        }
    }

    /// The request for a step, with a body of the caller's own or of its rival.
    pub(crate) fn request(&self, step: Step, by_rival: bool) -> Request {
        if step == Step::Start {
            let target = format!("/v1/flows/start?protocol={}", self.protocol);
            let body = format!("{{\"item\":\"{}\"}}", self.item);
            let key = is_keyed(&self.item).then_some(self.item.as_str());
            return Request::post(target, body).keyed(key);
        }
        let body = if by_rival { RIVALS } else { OWN };
        Request::post(self.path(step.name()), body)
    }

    /// A path below the flow's.
    pub(crate) fn path(&self, rest: &str) -> String {
        let handle = self.handle.as_deref().unwrap_or("unknown");
        format!("/v1/flows/{handle}/{rest}")
    }
}

const OWN: &str = "{\"by\":\"owner\"}";
const RIVALS: &str = "{\"by\":\"rival\"}";

/// Whether a flow's start can be repeated.
pub(crate) fn is_keyed(item: &str) -> bool {
    item.starts_with("keyed-")
}

/// Whether others send other bodies for this flow.
pub(crate) fn has_rival(item: &str) -> bool {
    item.ends_with("-rival")
}

/// Whether the backend was sent a rival's body.
pub(crate) fn is_rivals(body: &str) -> bool {
    body.contains("\"by\":\"rival\"")
}

/// The handle that a reply names.
pub(crate) fn handle_in(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body.get("flowHandle")?.as_str()?.to_owned())
}

/// How taking a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its answer was told.
    Told,
    /// It is not to be called again.
    Held,
    /// The flow is past it: another request of this caller took it.
    Passed,
    /// Time ran out.
    Never,
}

/// One caller with its flow.
pub(crate) struct Caller {
    pub(crate) world: World,
    pub(crate) flow: Flow,
    pub(crate) random: Random,
    pub(crate) until: Instant,
}

impl Caller {
    /// Drives the flow to its end.
    pub(crate) async fn drive(mut self) {
        let pays = self.random.chance(50);
        for step in Step::ALL.into_iter().filter(|s| pays || *s != Step::Pay) {
            let taken = self.take(step).await;
            if taken == Taken::Never {
                let told = format!("{} never got through {step}", self.flow.item);
                self.world.book.open().unfinished.push(told);
                return;
            }
            self.look_around(step, taken).await;
        }
    }

    /// Asks for a step until it is known what became of it.
    pub(crate) async fn take(&mut self, step: Step) -> Taken {
        while Instant::now() < self.until {
            let reply = self.ask_once(step).await;
            if let Some(taken) = reply.as_ref().and_then(judged) {
                if let (Step::Start, Some(reply)) = (step, &reply) {
                    self.flow.handle = handle_in(&reply.body);
                }
                return taken;
            }
            let pause = self.random.between(20, 200);
            sleep(Duration::from_millis(pause)).await;
        }
        Taken::Never
    }

    async fn ask_once(&mut self, step: Step) -> Option<Reply> {
        let slots = self.world.fleet.len();
        let first = self.random.below(slots);
        let request = self.flow.request(step, false);
        let patience = if self.random.chance(8) {
            // Walks away.
            Duration::from_millis(self.random.between(1, 60))
        } else {
            PATIENCE
        };
        let ask = |slot, request| {
            let (world, flow) = (self.world.clone(), self.flow.clone());
            async move { world.ask(slot, &flow, Some(step), &request, patience).await }
        };
        let is_later = step != Step::Start;
        let (mine, other) = match self.random.between(0, 99) {
            // The same request, twice at once.
            0..25 if is_keyed(&self.flow.item) || is_later => {
                let other = ask((first + 1) % slots, request.clone());
                let (mine, other) = tokio::join!(ask(first, request), other);
                (mine, other)
            }
            25..65 if has_rival(&self.flow.item) && is_later => {
                let other = ask((first + 1) % slots, self.flow.request(step, true));
                let (mine, other) = tokio::join!(ask(first, request), other);
                (mine, other)
            }
            _ => (ask(first, request).await, None),
        };
        let is_told = |reply: &Option<Reply>| reply.as_ref().is_some_and(|r| r.status == 200);
        if is_told(&other) || mine.is_none() {
            other
        } else {
            mine
        }
    }

    /// Now and then: the status, and the same request once more.
    async fn look_around(&mut self, step: Step, taken: Taken) {
        let slot = self.random.below(self.world.fleet.len());
        if self.random.chance(30) {
            let status = Request::get(self.flow.path("status"));
            self.world
                .ask(slot, &self.flow, None, &status, PATIENCE)
                .await;
        }
        if taken == Taken::Told && self.random.chance(30) && !self.flow.item.starts_with("unkeyed")
        {
            let again = self.flow.request(step, false);
            self.world
                .ask(slot, &self.flow, Some(step), &again, PATIENCE)
                .await;
        }
    }
}

/// What a reply to a step says of it; none where it is to be asked again.
fn judged(reply: &Reply) -> Option<Taken> {
    match (reply.status, reply.code.as_deref()) {
        (200, _) => Some(Taken::Told),
        (_, Some("outcome_unknown")) => Some(Taken::Held),
        (_, Some("sequence_violation" | "terminal_state")) => Some(Taken::Passed),
        _ => None,
    }
}
