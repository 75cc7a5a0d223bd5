//! Reading flows. Nothing here changes one.

use std::sync::Arc;

use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::history::{History, Transition};
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::machine::{expire, lapse};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::Now;
use integrator_core::protocol::Protocol;

use super::failure::{Failure, FailureKind};
use super::reply::{Observation, Past, Recorded};
use super::{Found, Orchestrator, no_flow};
use crate::store::{StoreError, Stored};

impl Orchestrator {
    /// The flow as it is now: past its deadline it is `expired`, whether or not that is stored.
    ///
    /// # Errors
    ///
    /// [`FailureKind::NotFound`] where no such flow is stored.
    pub async fn observe(&self, handle: &str) -> Result<Observation, Failure> {
        let Found {
            flow,
            protocol,
            now,
            ..
        } = self.find_text(handle).await?;
        Ok(observed(&flow, protocol, &now))
    }

    /// What happened to the flow so far, an expiry that nobody has written down yet included.
    ///
    /// # Errors
    ///
    /// [`FailureKind::NotFound`] where no such flow is stored.
    pub async fn past(&self, handle: &str) -> Result<Past, Failure> {
        let found = self.find_text(handle).await?;
        let history = history_of(&found);
        let answers = self.answers_of(&found, history.transitions()).await?;
        Ok(Past {
            origin: found.flow.origin().clone(),
            protocol: found.protocol,
            history,
            answers,
        })
    }

    /// The recorded answers that made these transitions of a flow.
    pub(super) async fn answers_of(
        &self,
        found: &Found,
        made: &[Transition],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError> {
        let causes = made.iter().filter_map(|made| made.cause.as_ref());
        let attempts: Vec<AttemptId> = causes.map(|cause| cause.attempt.clone()).collect();
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let stored = Stored::new(found.flow.clone(), found.protocol.clone());
        self.store.answers(&stored, &attempts).await
    }

    /// The latest recorded answer to a step.
    ///
    /// # Errors
    ///
    /// [`FailureKind::NotFound`] where no such flow is stored, its protocol has no such step, or
    /// the step has no recorded answer.
    pub async fn answer(&self, handle: &str, step: &str) -> Result<Recorded, Failure> {
        let found = self.find_text(handle).await?;
        let step = found.protocol.step(step);
        let attempt = step.and_then(|step| found.flow.latest_answer(step.id()));
        let answer = match attempt {
            Some(attempt) => self.recorded(&found, attempt).await?,
            None => None,
        };
        match answer {
            Some(answer) => Ok(Recorded {
                origin: found.flow.origin().clone(),
                answer,
            }),
            None => {
                let detail = match step {
                    Some(step) => format!("step '{}' has no recorded answer", step.name()),
                    None => format!("protocol '{}' has no such step", found.protocol.name()),
                };
                let failure = Failure::new(FailureKind::NotFound(detail));
                Err(failure.of_flow(&found.flow, &found.protocol, &found.now))
            }
        }
    }

    async fn find_text(&self, handle: &str) -> Result<Found, Failure> {
        let handle = FlowHandle::parse(handle).ok_or_else(no_flow)?;
        self.find(&handle).await
    }
}

/// What happened to a flow until it was read, an expiry that nobody has written down included.
pub(super) fn history_of(found: &Found) -> History {
    let Found {
        flow,
        protocol,
        now,
        ..
    } = found;
    let current = if flow.is_overdue(now) {
        expire(flow, protocol, now).map(|expired| expired.flow)
    } else {
        Some(lapse(flow, protocol, now))
    };
    current.as_ref().unwrap_or(flow).history().clone()
}

/// The flow as a reader sees it at `now`.
pub(super) fn observed(flow: &Flow, protocol: Arc<Protocol>, now: &Now) -> Observation {
    let last_answer = flow.last_answer_state();
    Observation {
        origin: flow.origin().clone(),
        told: flow.told_at(&protocol, now),
        last_answer: last_answer.map(|state| protocol.state_name(state).to_owned()),
        protocol,
    }
}
