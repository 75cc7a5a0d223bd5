//! What the flows of a subject are made of.

use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::store::{Next, Replacement, StartKey, Stored};
use bytes::Bytes;
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, FlowHandle};
use integrator_core::flow::machine::Terms;
use integrator_core::protocol::{Protocol, compile};
use sha2::{Digest, Sha256};

/// A poll that stays where it is, an end, and a member to be found by.
pub(crate) const DEFINITION: &str = r#"
protocol  = "example"
title     = "Example"
backend   = "default"
ttl       = "10s"
retention = "5s"
initial   = "created"
terminal  = ["done"]

[steps.start]
from     = ["created"]
call     = "POST /start"
remember = ["verifyRunID"]
flow_id  = "response:/id"
outcomes = [{ to = "begun" }]
reply    = { verifyRunID = "start.request:/verifyRunID" }

[steps.poll]
from       = ["begun"]
call       = "POST /poll"
outcomes   = [{ to = "begun", status = 202 }, { to = "done", status = 200 }]
repeatable = true
"#;
/// Another definition's protocol.
pub(crate) fn protocol(text: &str) -> Arc<Protocol> {
    let digest: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let compiled = compile("example.toml", text, &digest).expect("a definition");
    Arc::new(compiled.protocol)
}

/// The handle of the flow with this number; handles are ordered as their numbers are.
pub(crate) fn handle(number: u64) -> FlowHandle {
    FlowHandle::parse(&format!("{number:032}")).expect("a handle")
}

pub(crate) fn number(handle: &FlowHandle) -> u64 {
    handle.as_str().parse().expect("a number")
}

pub(crate) fn start_key(text: &str) -> StartKey {
    StartKey(text.into())
}

pub(crate) fn answer(status: u16, body: &str) -> WholeAnswer {
    WholeAnswer {
        status,
        content_type: Some(Bytes::from_static(b"application/json")),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

pub(crate) fn replacement(over: &Stored, next: Next) -> Replacement {
    Replacement {
        handle: over.flow.handle().clone(),
        over: over.flow.version(),
        fence: over.flow.claim().map(|claim| claim.id),
        next,
        not_after: None,
    }
}

pub(crate) fn terms(drawn: u64) -> Terms {
    Terms {
        draw: Draw {
            claim: ClaimId(u128::from(drawn) + 1),
            attempt: AttemptId::new(&format!("attempt-{drawn}")),
        },
        lease: Duration::from_secs(5),
    }
}
