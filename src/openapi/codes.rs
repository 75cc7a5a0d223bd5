//! What callers are told of each error code: when it is given, and what to do.

use utoipa::openapi::HttpMethod;

use crate::orchestrator::code::Code;

/// How a code is written as HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeFacts {
    /// The status of its replies.
    pub status: u16,
    /// The code in words.
    pub title: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Whether its replies say how long to wait.
    pub waits: bool,
}

/// When a code is given.
pub(super) const fn occasion(code: Code) -> &'static str {
    match code {
        Code::InvalidInput => {
            "The body is not a JSON object, a member is missing, misplaced or too large, or a \
             header or query parameter is wrong. The flow is unchanged."
        }
        Code::Forbidden => {
            "A page of another site asked for what only a page of this one may. Nothing was done."
        }
        Code::NotFound => "There is no such path, flow, step, protocol or recorded answer.",
        Code::MethodNotAllowed => "The path takes other methods; `Allow` lists them.",
        Code::RequestTimeout => {
            "The body did not arrive within 30 s. The flow is unchanged, the connection closed."
        }
        Code::PayloadTooLarge => "The body is larger than 256 KiB. The flow is unchanged.",
        Code::UnsupportedMediaType => {
            "The body is not declared as `application/json`. The flow is unchanged."
        }
        Code::SequenceViolation => {
            "The step does not start from the flow's state. The flow is unchanged."
        }
        Code::TerminalState => "The flow has ended, not by expiry.",
        Code::StepInProgress => {
            "Another request is calling for this flow, or the instance that called was lost and \
             its lease has not ended. The flow is unchanged."
        }
        Code::OutcomeUnknown => {
            "An earlier call of this step may have been acted on, nobody knows, and the protocol \
             says not to risk a second. The flow is unchanged."
        }
        Code::Expired => "The flow reached its deadline.",
        Code::IdempotencyKeyReused => {
            "This `Idempotency-Key` started a flow with another body or protocol."
        }
        Code::AdmissionLimited => {
            "Admission control spares the backend: it is slow, or its ceiling is reached. \
             `admission` tells the numbers. Nothing was sent; the flow is unchanged."
        }
        Code::BackendUnavailable => {
            "No connection (`not_sent`), or the answer broke off, was unreadable or too large \
             (`unknown`). The flow is unchanged."
        }
        Code::BackendError => {
            "The backend answered, not with a 2xx, and the protocol has no meaning for it. The \
             flow is unchanged."
        }
        Code::BackendUnclassified => {
            "The backend's 2xx answer has no place in the protocol: it is not JSON, no rule \
             matches, or a declared member is missing. The answer is recorded and the flow has \
             ended in `error`."
        }
        Code::CapacityExhausted => {
            "As many flows are stored, or watched, as may be. Flows that exist go on."
        }
        Code::StoreUnavailable => {
            "The store does not answer, or holds what cannot be read. With `outcome` `unknown` the \
             call had been made and its answer could not be saved."
        }
        Code::ShuttingDown => "This instance stops.",
        Code::BackendTimeout => {
            "No whole answer in time (`unknown`), or no connection in time (`not_sent`). The flow \
             is unchanged."
        }
        Code::Internal => "A bug, or the system gave no randomness.",
    }
}

/// What to do then.
pub(super) const fn advice(code: Code) -> &'static str {
    match code {
        Code::InvalidInput => "Correct the request; `detail` names the place.",
        Code::Forbidden => "Ask from a page of this origin, or from no browser at all.",
        Code::NotFound => {
            "Check the path and the handle. A flow is removed some time after its end (the \
             protocol's `retention`)."
        }
        Code::MethodNotAllowed => "Use one of them.",
        Code::RequestTimeout => "Send it again.",
        Code::PayloadTooLarge => "Send less.",
        Code::UnsupportedMediaType => "Send that `Content-Type`, or none.",
        Code::SequenceViolation => "Run one of `allowedSteps` first.",
        Code::TerminalState => "Read `state`; start a new flow.",
        Code::StepInProgress => {
            "Wait `Retry-After` seconds, then read the status or send your request again."
        }
        Code::OutcomeUnknown => {
            "Ask the backend what became of it, by another step where the protocol has one. The \
             step stays held until the flow expires, or an operator ends it."
        }
        Code::Expired => "Start a new flow.",
        Code::IdempotencyKeyReused => "Use a new key.",
        Code::AdmissionLimited => {
            "Wait `Retry-After` seconds or longer, then send the same request again. Wait longer \
             each time."
        }
        Code::BackendUnavailable | Code::BackendTimeout => "Send the same request again.",
        Code::BackendError => {
            "Read `backendStatus` and `backend`. A 5xx may pass; a 4xx is the backend's refusal of \
             what you sent, and needs another request."
        }
        Code::BackendUnclassified => {
            "Backend and definition disagree: see the answer, correct one of them, start a new \
             flow."
        }
        Code::CapacityExhausted => "Wait `Retry-After` seconds; tell the operator.",
        Code::StoreUnavailable => {
            "Read the status, then send the same request again. Where a record cannot be read, \
             tell the operator."
        }
        Code::ShuttingDown => "Send it again: another instance takes it.",
        Code::Internal => "Tell the operator, with the `correlationID`; the log has the rest.",
    }
}

/// Codes that any route under `method` may answer, whatever it does.
pub(super) fn of_every_route(path: &str, method: &HttpMethod) -> Vec<Code> {
    let mut codes = vec![Code::InvalidInput, Code::Internal];
    if path.starts_with("/v1/") {
        codes.push(Code::ShuttingDown);
    }
    // What brings a body is read whole before anything else is asked.
    if matches!(method, HttpMethod::Post) {
        codes.extend([Code::RequestTimeout, Code::PayloadTooLarge]);
    }
    codes
}
