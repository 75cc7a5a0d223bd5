//! The one place where failures of the orchestrator become HTTP problems.

use std::borrow::Cow;

use integrator_core::flow::answer::Placing;

use super::observation::sent;
use super::problem::Problem;
use crate::orchestrator::StoreError;
use crate::orchestrator::code::Code;
use crate::orchestrator::failure::{Aftermath, Failure, FailureKind, FlowContext, Limited};
use crate::orchestrator::reply::Reply;

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        let (outcome, answer, limited) = match &failure.kind {
            FailureKind::Unanswered(error) => (Some(sent(error.sent())), None, None),
            FailureKind::Declined(answer) => (Some("answered"), Some(answer.clone()), None),
            FailureKind::StoreUnavailable { outcome, .. } => (outcome.map(sent), None, None),
            FailureKind::ShuttingDown => (Some("unknown"), None, None),
            FailureKind::AdmissionLimited(limited) => (None, None, Some(limited.clone())),
            FailureKind::InvalidInput(_)
            | FailureKind::UnsupportedMediaType
            | FailureKind::NotFound(_)
            | FailureKind::Refused(_)
            | FailureKind::Ended { .. }
            | FailureKind::CapacityExhausted(_)
            | FailureKind::Internal(_) => (None, None, None),
        };
        let cause = failure.cause().map(Cow::into_owned);
        Self {
            cause,
            outcome,
            answer,
            limited,
            flow: failure.flow,
            protocol: failure.protocol.map(|protocol| protocol.name().into()),
            step: failure.step,
            correlation_id: failure.correlation_id,
            ..Self::new(code, detail(failure.kind, failure.aftermath))
        }
    }
}

fn detail(kind: FailureKind, aftermath: Aftermath) -> String {
    match kind {
        FailureKind::InvalidInput(detail)
        | FailureKind::NotFound(detail)
        | FailureKind::CapacityExhausted(detail) => detail,
        FailureKind::UnsupportedMediaType => "the body must be application/json: send that \
             Content-Type, or none (curl --json does)"
            .to_owned(),
        FailureKind::Refused(refusal) => refusal.to_string(),
        FailureKind::Ended {
            is_expired: true, ..
        } => "the flow has expired already".to_owned(),
        FailureKind::Ended { state, .. } => {
            format!("the flow has ended in {state}, so there is nothing left to expire")
        }
        FailureKind::Unanswered(error) => {
            format!("{error}. {}", what_now(aftermath))
        }
        FailureKind::Declined(answer) => format!(
            "the backend answered {}, which no outcome of this step takes; its answer stands in \
             this problem. {}",
            answer.status,
            what_now(aftermath)
        ),
        FailureKind::AdmissionLimited(limited) => held_back(&limited),
        FailureKind::StoreUnavailable { error, .. } => match error {
            StoreError::Unavailable { .. } => format!("{error}. Try again."),
            StoreError::Unreadable { .. } => format!(
                "{error}. Another instance may be able to read it; waiting alone does not help."
            ),
        },
        FailureKind::ShuttingDown => {
            "the service stopped before the backend answered; the answer is unknown".to_owned()
        }
        FailureKind::Internal(_) => {
            "the service failed; its log tells more under this correlation id".to_owned()
        }
    }
}

fn held_back(limited: &Limited) -> String {
    let latency = match limited.acted_on_ms {
        Some(acted_on_ms) => format!("its latency counts as {acted_on_ms:.0} ms"),
        None => "no call has ended yet".to_owned(),
    };
    format!(
        "the backend '{}' is spared: {:.2} requests a second may reach it now ({latency}, {:.0} \
         ms is the aim). Nothing was sent to it. Send the same request again in {} s or later.",
        limited.backend,
        limited.rate_tps,
        limited.target_ms,
        limited.retry_after_seconds()
    )
}

const fn what_now(aftermath: Aftermath) -> &'static str {
    match aftermath {
        Aftermath::Unchanged => "The flow is unchanged; the same request may be sent again.",
        Aftermath::Held => {
            "The flow is unchanged, but a second call could do harm: this step is held. Ask the \
             backend what became of it."
        }
        Aftermath::NoFlowHeld => {
            "No flow was started, but the backend may have acted, and a second call could do harm: \
             ask it what became of it. Start such a flow with an Idempotency-Key, which holds it."
        }
        Aftermath::NoFlow => "No flow was started; the same request may be sent again.",
    }
}

/// The problem that a reply is, where the definition could not place its answer.
pub(super) fn unclassified(reply: &Reply) -> Option<Problem> {
    let Placing::Unclassified { reason } = &reply.answer.placing else {
        return None;
    };
    let told = &reply.answer.told;
    let status = reply.answer.answer.status;
    let detail = format!(
        "the backend answered {status} and the definition cannot place the answer: {reason}. The \
         answer is recorded and the flow has ended in error."
    );
    let state = reply.protocol.state_name(told.state).to_owned();
    Some(Problem {
        flow: Some(Box::new(FlowContext {
            handle: reply.origin.handle.clone(),
            flow_id: told.flow_id.clone(),
            state,
            allowed: Vec::new(),
            expires_at: told.expires_at.clone(),
        })),
        protocol: Some(reply.origin.protocol.clone()),
        step: Some(
            reply
                .protocol
                .step_by_id(reply.answer.step)
                .name()
                .to_owned(),
        ),
        correlation_id: Some(reply.origin.correlation_id.clone()),
        answer: Some(reply.answer.answer.clone()),
        replayed: reply.replayed,
        ..Problem::new(Code::BackendUnclassified, detail)
    })
}
