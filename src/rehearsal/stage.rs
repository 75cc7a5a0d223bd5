//! The one flow of a run, and the time around it.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::machine::{self, Begin};
use integrator_core::flow::record::Flow;
use integrator_core::flow::refusal::Refusal;
use integrator_core::flow::time::{Now, Tick};
use integrator_core::protocol::{Protocol, StepId};
use jiff::Timestamp;

use super::judge::Unasked;
use super::scenario::{Asked, Request as Scripted};
use super::scene::Scene;
use super::seeded::Seeded;
use crate::entropy::{self, EntropyError};
use crate::envelope::Envelope;
use crate::orchestrator::code::Code;
use crate::orchestrator::failure::refusal_code;
use crate::trace_context::TraceContext;

/// When every run begins.
const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A flow, if there is one, and what stands around it.
pub(super) struct Stage<'p> {
    pub(super) protocol: &'p Protocol,
    pub(super) flow: Option<Flow>,
    pub(super) answers: Vec<Arc<RecordedAnswer>>,
    /// The rules that were taken: step, and place among its outcomes.
    pub(super) rules: Vec<(StepId, usize)>,
    pub(super) key: Option<String>,
    pub(super) handle: FlowHandle,
    trace: TraceContext,
    pub(super) claims: u128,
    passed: Duration,
}

impl<'p> Stage<'p> {
    pub(super) fn new(protocol: &'p Protocol) -> Result<Self, EntropyError> {
        let seeded = Seeded::default();
        Ok(Self {
            protocol,
            flow: None,
            answers: Vec::new(),
            rules: Vec::new(),
            key: None,
            handle: entropy::flow_handle(&seeded)?,
            trace: TraceContext::adopt(None, None, &seeded)?,
            claims: 0,
            passed: Duration::ZERO,
        })
    }

    /// Lets time pass, asks what is to be asked, and tells what became of it.
    pub(super) fn play(&mut self, scripted: &Scripted) -> Scene {
        let mut scene = Scene {
            place: scripted.place.clone(),
            after: scripted.after,
            ..Scene::default()
        };
        self.passed += scripted.after;
        scene.elapsed = self.sweep();
        scene.states.0 = self.state();
        match &scripted.asked {
            Some(asked) => self.ask(asked, scripted, &mut scene),
            None if self.flow.is_none() => scene.refuse(Code::NotFound, "there is no flow"),
            None => {}
        }
        if scripted.answer.is_some() && scene.called.is_none() && !scene.is_stuck() {
            scene.differs("an answer is given, but the backend was not called");
        }
        scene.states.1 = self.state();
        scene.members = self.members();
        scene
    }

    /// The time, on both clocks.
    pub(super) fn now(&self) -> Now {
        let milliseconds = i64::try_from(self.passed.as_millis()).unwrap_or(i64::MAX);
        Now {
            tick: Tick(milliseconds),
            wall: BEGINNING.checked_add(self.passed).unwrap_or(Timestamp::MAX),
        }
    }

    /// What the sweeper does in the time that has passed.
    fn sweep(&mut self) -> Option<String> {
        let now = self.now();
        let flow = self.flow.take()?;
        let due = flow.is_overdue(&now);
        let at_deadline = now.no_later_than(flow.deadline());
        let expired = due.then(|| machine::expire(&flow, self.protocol, &at_deadline));
        let (flow, elapsed) = match expired.flatten() {
            Some(expired) => {
                let from = self.protocol.state_name(expired.transition.from);
                let told = format!("{from} → expired, at the deadline");
                (expired.flow, Some(told))
            }
            None => (flow, None),
        };
        if flow.is_closed() && flow.due(self.protocol) <= now.tick {
            return Some("the flow is removed, after its retention".to_owned());
        }
        self.flow = Some(flow);
        elapsed
    }

    fn ask(&mut self, asked: &Asked, scripted: &Scripted, scene: &mut Scene) {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        scene.asked = Some((asked.step.clone(), body));
        let envelope = Envelope::new(asked.headers.clone(), self.trace.clone());
        let judged = match self.judge(asked, &envelope) {
            Ok(judged) => judged,
            Err(Unasked::Problem(code, detail)) => return scene.refuse(code, detail),
            Err(Unasked::Unplayable(why)) => {
                scene.stuck = true;
                return scene.differs(format!("{why}. The run ends here"));
            }
        };
        match judged {
            Begin::Call(begun) => self.converse(*begun, &envelope, scripted, scene),
            Begin::Replay(attempt) => self.replay(&attempt, scene),
            Begin::Refused(refusal) => {
                let (code, detail) = told(&refusal);
                scene.refuse(code, detail);
            }
            Begin::Join(_) => scene.refuse(Code::StepInProgress, "the same request is under way"),
        }
    }

    fn state(&self) -> Option<String> {
        let flow = self.flow.as_ref()?;
        let state = flow.state_at(self.protocol, &self.now());
        Some(self.protocol.state_name(state).to_owned())
    }

    fn members(&self) -> Vec<(String, String)> {
        let told = self
            .flow
            .as_ref()
            .map(|flow| flow.told_at(self.protocol, &self.now()));
        let members = told.into_iter().flat_map(|told| told.members);
        let text = |(name, value): (String, bytes::Bytes)| {
            (name, String::from_utf8_lossy(&value).into_owned())
        };
        members.map(text).collect()
    }
}

fn told(refusal: &Refusal) -> (Code, String) {
    (refusal_code(&refusal.why), refusal.to_string())
}
