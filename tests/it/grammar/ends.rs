//! Outcomes that lead to the states which are always there.

use super::begun;
use crate::harness::{Answer, Setup};

/// States as specifications spell them; a backend that says itself that a flow has expired.
const EXAMPLE: &str = r#"
protocol  = "example"
title     = "Example"
backend   = "default"
ttl       = "5m"
initial   = "Draft"
terminal  = ["Done.v2"]

[steps.start]
from     = ["Draft"]
call     = "POST /begin"
outcomes = [{ to = "Pending_Payment", expect = ["/id"] }]
flow_id  = "response:/id"

[steps.ask]
from     = ["Pending_Payment"]
call     = "POST /ask"
outcomes = [{ to = "Done.v2" }, { to = "expired", status = 410 }, { to = "error", status = 500 }]
"#;

#[tokio::test]
async fn a_backend_may_say_that_a_flow_has_expired_or_is_in_error() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service.backend.always("/begin", begun("i", "p"));
    for (status, state, refusal) in [
        (410, "expired", "expired"),
        (500, "error", "terminal_state"),
    ] {
        let handle = service.started("{}").await;
        service.backend.once("/ask", Answer::status(status, "{}"));

        let reply = service.step(&handle, "ask", "").await;

        assert_eq!(
            (reply.status, reply.string("/state").as_str()),
            (200, state)
        );
        let history = service.history(&handle).await;
        assert_eq!(history.string("/transitions/1/to"), state);
        assert_eq!(history.string("/transitions/1/step"), "ask");
        let after = service.step(&handle, "ask", r#"{"other":1}"#).await;
        assert_eq!(after.code().as_deref(), Some(refusal));
        assert_eq!(service.state(&handle).await, state);
    }
}
