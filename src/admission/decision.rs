//! What a gate is asked, and what it decides.

use super::options::Mode;

/// Kinds of requests, as the scope tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One that starts a flow.
    NewFlow,
    /// One that moves a flow that has begun.
    Step,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::NewFlow, Self::Step];

    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewFlow => "new_flow",
            Self::Step => "step",
        }
    }
}

/// What was decided on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It took a token.
    Admitted,
    /// There was no token for it. Where a gate only observes, it passed all the same.
    Refused,
}

impl Decision {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Admitted, Self::Refused];

    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Refused => "refused",
        }
    }
}

/// A decision, with what it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The request's kind.
    pub class: Class,
    /// Whether decisions are enforced.
    pub mode: Mode,
    /// The decision.
    pub decision: Decision,
}
