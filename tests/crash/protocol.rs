//! The protocols that flows run here: one whose every answer can be told from every other, and one
//! whose flows expire soon.

use std::fmt;

/// How long a call to the backend may take.
pub(crate) const TIMEOUT_MS: u64 = 400;
/// How long a claim lives: the integrator's own two seconds longer.
pub(crate) const LEASE_MS: u64 = TIMEOUT_MS + 2000;

/// Flows that go through every kind of step.
pub(crate) const WHOLE: &str = r#"
protocol  = "whole"
title     = "Every kind of step"
backend   = "default"
ttl       = "1h"
retention = "1h"
initial   = "created"
terminal  = ["done", "refused"]

[steps.start]
from     = ["created"]
call     = "POST /start"
require  = ["item"]
remember = ["item"]
outcomes = [{ to = "begun", expect = ["/marker"] }]
flow_id  = "response:/marker"

[steps.prepare]
from     = ["begun"]
call     = "POST /prepare"
attach   = { item = "start.request:/item", flow = "flow:/flowHandle" }
outcomes = [{ to = "prepared", expect = ["/marker"] }]
reply    = { prepared = "prepare.response:/marker" }

[steps.pay]
from     = ["prepared"]
call     = "POST /pay"
unknown  = "hold"
outcomes = [{ to = "paid", expect = ["/marker"] }]

[steps.finish]
from     = ["prepared", "paid"]
call     = "POST /finish"
outcomes = [{ to = "done", when = { "/verified" = true } }, { to = "refused", when = { "/verified" = false } }]
"#;

/// Flows that expire while one looks on.
pub(crate) const BRIEF: &str = r#"
protocol  = "brief"
title     = "Soon over"
backend   = "default"
ttl       = "3s"
retention = "1h"
initial   = "created"
terminal  = ["done"]

[steps.start]
from     = ["created"]
call     = "POST /start"
require  = ["item"]
outcomes = [{ to = "begun", expect = ["/marker"] }]

[steps.finish]
from     = ["begun"]
call     = "POST /finish"
outcomes = [{ to = "done" }]
"#;

/// A step of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    Start,
    Prepare,
    Pay,
    Finish,
}

impl Step {
    pub(crate) const ALL: [Self; 4] = [Self::Start, Self::Prepare, Self::Pay, Self::Finish];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Prepare => "prepare",
            Self::Pay => "pay",
            Self::Finish => "finish",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Whether it must not be called again once the outcome of a call is unknown.
    pub(crate) const fn holds(self) -> bool {
        matches!(self, Self::Pay)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state that the answer to a step leads to.
pub(crate) const fn state_after(step: Step, verified: bool) -> &'static str {
    match (step, verified) {
        (Step::Start, _) => "begun",
        (Step::Prepare, _) => "prepared",
        (Step::Pay, _) => "paid",
        (Step::Finish, true) => "done",
        (Step::Finish, false) => "refused",
    }
}
