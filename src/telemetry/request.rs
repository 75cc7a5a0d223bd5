//! One request and its reply, as logs and metrics are told of it.

use std::time::Duration;

/// Facts of one exchange. Nothing in it is an artifact.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The route's template, or `unmatched`.
    pub route: &'a str,
    /// The reply's status.
    pub status: u16,
    /// The flow's correlation id, or the request's own.
    pub correlation_id: &'a str,
    /// The flow, where one is known.
    pub flow_handle: Option<&'a str>,
    /// The backend's flow id, as raw JSON text.
    pub flow_id: Option<&'a [u8]>,
    /// The protocol, where it is known: a defined name.
    pub protocol: Option<&'a str>,
    /// The step, where it is known: a defined name.
    pub step: Option<&'a str>,
    /// The state that the caller was told.
    pub state: Option<&'a str>,
    /// The attempt whose answer the caller was told.
    pub attempt: Option<&'a str>,
    /// The status of the backend's answer, where one was told.
    pub backend_status: Option<u16>,
    /// The error code, where the reply is a problem.
    pub code: Option<&'a str>,
    /// Lengths and digests of the artifacts as JSON text, where the operator asked for them.
    pub artifacts: Option<&'a str>,
    /// The trace that it is part of: the caller's, or one that was begun here.
    pub trace_id: Option<&'a str>,
    /// Whether a recorded answer was told again.
    pub replayed: bool,
    /// Time from the request's head to the reply's.
    pub took: Duration,
}

impl Exchange<'_> {
    /// Whether this was a request to run a step.
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(
            self.route,
            "/v1/flows/start" | "/v1/flows/{flowHandle}/{step}" | "/v1/callbacks/{protocol}/{step}"
        )
    }
}
