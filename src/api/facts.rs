//! What a reply's log line and metrics tell of the flow that it is about.

use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::record::Origin;

use super::problem::Problem;
use crate::orchestrator::reply::{Observation, Reply};

/// Travels with a response to the layer that logs it.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) flow_handle: Option<String>,
    pub(super) flow_id: Option<Bytes>,
    pub(super) correlation_id: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) step: Option<String>,
    pub(super) state: Option<String>,
    pub(super) backend_status: Option<u16>,
    pub(super) attempt: Option<String>,
    pub(super) code: Option<&'static str>,
}

/// What the log tells of a request's artifacts, where the operator asked for that: JSON text.
#[derive(Clone, Debug)]
pub(super) struct Artifacts(pub(super) String);

/// The id of the trace that a request went on in.
#[derive(Clone, Debug)]
pub(super) struct TraceId(pub(super) String);

impl Facts {
    pub(super) fn of_origin(origin: &Origin) -> Self {
        Self {
            flow_handle: Some(origin.handle.as_str().to_owned()),
            correlation_id: Some(origin.correlation_id.clone()),
            protocol: Some(origin.protocol.clone()),
            ..Self::default()
        }
    }

    pub(super) fn of_observation(seen: &Observation) -> Self {
        Self {
            flow_id: seen.told.flow_id.clone(),
            state: Some(seen.protocol.state_name(seen.told.state).to_owned()),
            ..Self::of_origin(&seen.origin)
        }
    }

    pub(super) fn of_reply(reply: &Reply) -> Self {
        let answer = &reply.answer;
        Self {
            flow_id: answer.told.flow_id.clone(),
            step: Some(reply.protocol.step_by_id(answer.step).name().to_owned()),
            state: Some(reply.protocol.state_name(answer.told.state).to_owned()),
            backend_status: Some(answer.answer.status),
            attempt: Some(answer.attempt.as_str().to_owned()),
            ..Self::of_origin(&reply.origin)
        }
    }

    pub(super) fn of_problem(problem: &Problem) -> Self {
        let flow = problem.flow.as_ref();
        Self {
            flow_handle: flow.map(|flow| flow.handle.as_str().to_owned()),
            flow_id: flow.and_then(|flow| flow.flow_id.clone()),
            correlation_id: problem.correlation_id.clone(),
            protocol: problem.protocol.clone(),
            step: problem.step.clone(),
            state: flow.map(|flow| flow.state.clone()),
            backend_status: problem.answer.as_ref().map(|answer| answer.status),
            attempt: None,
            code: Some(problem.code.as_str()),
        }
    }
}
