//! A call that the machine allows: written as the client writes it, answered from the scenario, and
//! settled or released by the machine.

use integrator_core::flow::answer::{Placing, RecordedAnswer, WholeAnswer};
use integrator_core::flow::history::Ending;
use integrator_core::flow::ids::AttemptId;
use integrator_core::flow::machine::{self, Begun, Call, Settled};
use integrator_core::flow::record::Flow;
use integrator_core::protocol::Step;
use integrator_core::protocol::outcome::selected;

use super::scenario::{Answer, Request as Scripted};
use super::scene::{Called, Scene, Told};
use super::stage::Stage;
use crate::backend::encoding;
use crate::envelope::Envelope;
use crate::orchestrator::code::Code;
use crate::orchestrator::failure::ending_code;

impl Stage<'_> {
    pub(super) fn converse(
        &mut self,
        begun: Begun,
        envelope: &Envelope,
        scripted: &Scripted,
        scene: &mut Scene,
    ) {
        let Begun { flow, call } = begun;
        let step = self.protocol.step_by_id(call.step);
        scene.called = Some(written(&call, step, envelope));
        match scripted.answer.clone() {
            Some(Answer::Whole(answer)) => self.settle(&flow, &call, answer, scene),
            Some(Answer::None(ending)) => self.release(&flow, &call, ending, scene),
            None => {
                scene.stuck = true;
                scene.differs(
                    "the backend is called, but the scenario gives no answer. The run ends here",
                );
            }
        }
    }

    fn settle(&mut self, flow: &Flow, call: &Call, answer: WholeAnswer, scene: &mut Scene) {
        let step = self.protocol.step_by_id(call.step);
        let status = answer.status;
        let body = String::from_utf8_lossy(&answer.body);
        scene.answered = Some(format!("{status} {body}").trim_end().to_owned());
        let rule = selected(step, status, &answer.body);
        match machine::settle(flow, self.protocol, call, answer, &self.now()) {
            Ok(Settled::Recorded(recorded)) => {
                let placed = recorded.answer.placing == Placing::Placed;
                let taken = rule.filter(|_| placed).map(|rule| (step.id(), rule));
                self.rules.extend(taken);
                scene.told = told(&recorded.answer, false);
                self.answers.push(recorded.answer);
                self.flow = Some(recorded.flow);
            }
            Ok(Settled::Declined(next)) => {
                let detail =
                    format!("the backend answered {status}, which no outcome of this step takes");
                scene.refuse(Code::BackendError, detail);
                self.leave(*next, call);
            }
            // Time stands still between a call and its answer.
            Err(machine::Stale) => scene.differs("the machine dropped the answer as stale"),
        }
    }

    fn release(&mut self, flow: &Flow, call: &Call, ending: Ending, scene: &mut Scene) {
        let sent = if ending.leaves_outcome_unknown() {
            "the backend gave no answer; whether it acted is unknown"
        } else {
            "nothing was sent to the backend"
        };
        scene.answered = Some("no answer".to_owned());
        match machine::release(flow, self.protocol, call, ending, &self.now()) {
            Ok(next) => {
                scene.refuse(ending_code(ending), sent);
                self.leave(next, call);
            }
            Err(machine::Stale) => scene.differs("the machine dropped the release as stale"),
        }
    }

    /// A start that nobody can repeat leaves no flow behind.
    fn leave(&mut self, next: Flow, call: &Call) {
        let is_start = call.step == self.protocol.start().id();
        let leaves_nothing = is_start && next.origin().keyed.is_none();
        self.flow = (!leaves_nothing).then_some(next);
    }

    pub(super) fn replay(&mut self, attempt: &AttemptId, scene: &mut Scene) {
        let recorded = self
            .answers
            .iter()
            .rfind(|answer| answer.attempt == *attempt);
        match recorded {
            Some(answer) => scene.told = told(answer, true),
            None => scene.differs("the machine replays an answer that nothing recorded"),
        }
    }
}

fn told(answer: &RecordedAnswer, replayed: bool) -> Told {
    match &answer.placing {
        Placing::Placed if replayed => Told::Replayed,
        Placing::Placed => Told::Observation,
        Placing::Unclassified { reason } => Told::Problem {
            code: Code::BackendUnclassified,
            detail: reason.clone(),
            replayed,
        },
    }
}

fn written(call: &Call, step: &Step, envelope: &Envelope) -> Called {
    let body = encoding::body(&call.message.payload).map(|written| written.bytes);
    Called {
        method: step.method(),
        target: encoding::target(&call.message),
        headers: envelope.going_along(step),
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        payload: call.message.payload.clone(),
    }
}
