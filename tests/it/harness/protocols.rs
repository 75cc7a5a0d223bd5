//! Small protocols for what App Attest does not need.

/// Steps that are asked again, that end by status alone, and that must not be called twice.
pub(crate) const EXAMPLE: &str = r#"
protocol  = "example"
title     = "Example"
backend   = "default"
ttl       = "5m"
retention = "15m"
initial   = "created"
terminal  = ["done", "refused"]

[steps.start]
from     = ["created"]
call     = "POST /begin"
remember = ["note"]
outcomes = [{ to = "begun", expect = ["/id"] }, { to = "refused", status = 422 }]
expires_at = "response:/until"

[steps.poll]
from     = ["begun"]
call     = "POST /poll"
repeatable = true
outcomes = [{ to = "begun", status = 202 }, { to = "done", when = { "/ok" = true } }, { to = "refused", status = "4xx" }]
expires_at = "response:/until"

[steps.note]
from     = ["begun"]
call     = "POST /note"
default  = { note = "start.request:/note" }
outcomes = [{ to = "begun" }]

[steps.pay]
from     = ["begun"]
call     = "POST /pay"
unknown  = "hold"
outcomes = [{ to = "done", when = { "/ok" = true } }]
"#;
