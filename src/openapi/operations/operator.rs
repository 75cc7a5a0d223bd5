//! Operations for whoever is on call.

use super::super::entry::{Described, json};
use super::super::parameters;
use super::steps::object_body;
use crate::orchestrator::code::Code;

const TAG: &str = "Operators";

/// `GET /v1/flows`
#[must_use]
pub fn search() -> Described {
    let description = "Flows by what is known of them, oldest first, page by page. Parameters \
        narrow the search together; without any it lists all flows. A name or an id that nothing \
        has finds nothing.\n\nFor the next page send the same parameters with the `nextCursor` of \
        the last one as `cursor`. Flows that come and go meanwhile do not disturb it.\n\nOn \
        `invalid_input` the `detail` names the parameter: one that is malformed, unknown or given \
        twice.";
    Described {
        id: "searchFlows",
        tag: TAG,
        summary: "Find flows",
        description: description.to_owned(),
        parameters: parameters::search(),
        body: None,
        success: json("A page of flows.", "FlowPage", &["flow_page"]),
        replays: false,
        codes: vec![Code::StoreUnavailable],
    }
}

/// `POST /v1/flows/{flowHandle}/expire`
#[must_use]
pub fn expire() -> Described {
    let description = "Ends a flow before its deadline: it is `expired` from now on, and the \
        answer to a call that is under way is dropped. For flows that are held \
        (`outcome_unknown`) or abandoned.\n\nA flow that has ended answers as any step would: \
        `terminal_state` or `expired`. The request may have a body, a JSON object whose members \
        mean nothing.";
    Described {
        id: "expireFlow",
        tag: TAG,
        summary: "End a flow",
        description: description.to_owned(),
        parameters: vec![parameters::flow_handle()],
        body: Some(object_body("StepRequest", &[])),
        success: json("The flow, expired.", "Observation", &["flow_ended_by_hand"]),
        replays: false,
        codes: vec![
            Code::Forbidden,
            Code::NotFound,
            Code::UnsupportedMediaType,
            Code::TerminalState,
            Code::Expired,
            Code::StoreUnavailable,
        ],
    }
}
