//! One flow in a world that is told the time: a store of one record, and calls that may be
//! answered at any later moment, or never.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::{Ending, Transition};
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, Fingerprint, FlowHandle};
use integrator_core::flow::machine::{
    Begin, Call, Request, Settled, Stale, Terms, begin, create, expire, release, settle,
};
use integrator_core::flow::record::{Flow, Origin};
use integrator_core::flow::refusal::Refusal;
use integrator_core::flow::time::{Now, Tick};
use integrator_core::protocol::{Protocol, compile, read_body};

/// A protocol with a poll, a held step, a way back and two ends.
pub(crate) const DEFINITION: &str = r#"
protocol  = "example"
title     = "Example"
backend   = "default"
ttl       = "10s"
retention = "5s"
initial   = "created"
terminal  = ["done", "refused"]

[steps.start]
from     = ["created"]
call     = "POST /start"
outcomes = [{ to = "begun" }]

[steps.poll]
from       = ["begun"]
call       = "POST /poll"
outcomes   = [{ to = "begun", when = { "/pending" = true } }, { to = "ready", when = { "/pending" = false } }]
repeatable = true

[steps.capture]
from     = ["ready"]
call     = "POST /capture"
outcomes = [{ to = "done", when = { "/ok" = true } }, { to = "refused", when = { "/ok" = false } }, { to = "begun", when = { "/ok" = "again" } }]
unknown  = "hold"

[steps.note]
from     = ["begun", "ready"]
call     = "POST /note"
outcomes = [{ to = "begun" }]
"#;

pub(crate) const LEASE: Duration = Duration::from_secs(3);

pub(crate) struct World {
    pub(crate) protocol: Protocol,
    pub(crate) flow: Flow,
    pub(crate) now: Now,
    pub(crate) calls: Vec<Call>,
    pub(crate) told: Vec<Transition>,
    drawn: u128,
}

impl World {
    /// A flow whose start is under way.
    pub(crate) fn starting() -> Self {
        let protocol = compile("example.toml", DEFINITION, "digest")
            .unwrap()
            .protocol;
        let now = Now {
            tick: Tick(0),
            wall: "2026-01-17T12:00:00Z".parse().unwrap(),
        };
        let origin = Origin {
            handle: FlowHandle::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap(),
            protocol: "example".into(),
            digest: "digest".into(),
            correlation_id: "c".into(),
            keyed: Some(Fingerprint([0; 32])),
            issued_at: now.wall,
        };
        let body = read_body(b"").unwrap();
        let request = Request {
            step: protocol.start(),
            body: &body,
            fingerprint: Fingerprint([0; 32]),
        };
        let begun = create(origin, &protocol, request, terms(0), &now).unwrap();
        Self {
            flow: begun.flow,
            calls: vec![begun.call],
            now,
            told: Vec::new(),
            drawn: 1,
            protocol,
        }
    }

    /// A flow whose start was answered.
    pub(crate) fn begun() -> Self {
        let mut world = Self::starting();
        world.answer(0, 200, "{}").unwrap();
        world
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.tick = self.now.tick.after(time);
        self.now.wall = self.now.wall_after(time);
    }

    /// Requests a step with one of a few bodies; a claim that is granted is saved and its call
    /// kept.
    pub(crate) fn request(&mut self, step: &str, body: u8) -> Begin {
        self.drawn += 1;
        let text = format!(r#"{{"body":{body}}}"#);
        let parsed = read_body(text.as_bytes()).unwrap();
        let step = self.protocol.step(step).unwrap();
        let request = Request {
            step,
            body: &parsed,
            fingerprint: Fingerprint([body; 32]),
        };
        let judged = begin(
            &self.flow,
            &self.protocol,
            request,
            terms(self.drawn),
            &self.now,
        );
        if let Begin::Call(begun) = &judged {
            self.flow = begun.flow.clone();
            self.calls.push(begun.call.clone());
        }
        judged
    }

    /// Answers a call, however old it is.
    pub(crate) fn answer(&mut self, call: usize, status: u16, body: &str) -> Result<(), Stale> {
        let answer = WholeAnswer {
            status,
            content_type: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let call = self.calls.get(call).unwrap();
        match settle(&self.flow, &self.protocol, call, answer, &self.now)? {
            Settled::Recorded(recorded) => {
                self.flow = recorded.flow;
                self.told.push(recorded.transition);
            }
            Settled::Declined(flow) => self.flow = *flow,
        }
        Ok(())
    }

    pub(crate) fn fail(&mut self, call: usize, ending: Ending) -> Result<(), Stale> {
        let call = self.calls.get(call).unwrap();
        self.flow = release(&self.flow, &self.protocol, call, ending, &self.now)?;
        Ok(())
    }

    pub(crate) fn expire(&mut self) -> bool {
        let Some(expired) = expire(&self.flow, &self.protocol, &self.now) else {
            return false;
        };
        self.flow = expired.flow;
        self.told.push(expired.transition);
        true
    }

    pub(crate) fn state(&self) -> &str {
        self.protocol
            .state_name(self.flow.state_at(&self.protocol, &self.now))
    }
}

/// The refusal that a request met.
pub(crate) fn refusal(judged: Begin) -> Refusal {
    match judged {
        Begin::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn terms(number: u128) -> Terms {
    let attempt = AttemptId::new(&Arc::<str>::from(format!("attempt-{number}")));
    Terms {
        draw: Draw {
            claim: ClaimId(number),
            attempt,
        },
        lease: LEASE,
    }
}
