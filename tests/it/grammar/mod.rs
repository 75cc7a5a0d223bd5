//! What a definition may say beyond a plain JSON call, as backend and caller see it.

mod callbacks;
mod ends;
mod forms;
mod headers;
mod paths;
mod queries;
mod raw;

/// Every part of the grammar in one protocol.
const EXAMPLE: &str = r#"
protocol  = "example"
title     = "Example"
backend   = "default"
ttl       = "5m"
initial   = "created"
terminal  = ["done", "refused"]

[steps.start]
from     = ["created"]
call     = "POST /begin"
remember = ["name", "note"]
outcomes = [{ to = "begun", expect = ["/id", "/part"] }]
flow_id  = "response:/id"

[steps.form]
from       = ["begun"]
call       = "POST /form"
body       = "form"
require    = ["code"]
attach     = { id = "flow:/flowID" }
default    = { note = "start.request:/note", part = "start.response:/part" }
repeatable = true
outcomes   = [{ to = "begun" }]

[steps.look]
from       = ["begun"]
call       = "GET /things/{start.response:/part}/of/{flow:/flowID}"
default    = { note = "start.request:/note" }
headers    = ["X-Tag"]
repeatable = true
outcomes   = [{ to = "begun" }]

[steps.notice]
from     = ["begun"]
call     = "POST /notices"
body     = "raw"
headers  = ["webhook-id", "Webhook-Signature"]
callback = { match = "/data/id" }
outcomes = [{ to = "begun", status = 202 }, { to = "done", when = { "/paid" = true } }, { to = "refused", when = { "/paid" = false } }]

[steps.tell]
from     = ["begun"]
call     = "POST /tell"
require  = ["id"]
callback = { match = "/id" }
outcomes = [{ to = "done" }]
"#;

/// What the backend answers to a start.
fn begun(id: &str, part: &str) -> crate::harness::Answer {
    crate::harness::Answer::json(serde_json::json!({"id": id, "part": part}).to_string())
}

/// A service in front of a backend that begins flows with this id and part.
async fn service(id: &str, part: &str) -> crate::harness::Service {
    let service = crate::harness::Setup::protocol(EXAMPLE).start().await;
    service.backend.always("/begin", begun(id, part));
    service
}
