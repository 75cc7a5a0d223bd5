//! The points, and what must come of a step that is ended there.

use crate::clients::Taken;
use crate::protocol::Step;
use crate::site::Kind;

/// Where the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// The claim is about to be sent.
    K0,
    /// The claim is sent, its acknowledgement not read.
    K1,
    /// The claim is acknowledged, the backend is connected.
    K2,
    /// The backend has the request, and has read nothing.
    K3,
    /// The backend has read the request.
    K4,
    /// Half of the answer is written.
    K5,
    /// The whole answer is written, the commit about to be sent.
    K6,
    /// The commit is sent, its acknowledgement not read.
    K7,
    /// The commit is acknowledged, the reply not read.
    K8,
    /// The reply is read in part.
    K9,
    /// Some of the flows that are due are swept.
    K10,
    /// The release of a claim is about to be sent.
    K11,
    /// The release is sent, its acknowledgement not read.
    K11Sent,
    /// It does not end: it is stopped, answered meanwhile, and goes on when others went on without
    /// it, with the same request.
    Stopped,
    /// The same, with another request for the same step.
    StoppedAndRivalled,
}

impl Point {
    pub(super) const ALL: [Self; 15] = [
        Self::K0,
        Self::K1,
        Self::K2,
        Self::K3,
        Self::K4,
        Self::K5,
        Self::K6,
        Self::K7,
        Self::K8,
        Self::K9,
        Self::K10,
        Self::K11,
        Self::K11Sent,
        Self::Stopped,
        Self::StoppedAndRivalled,
    ];

    /// Whether it can be met over this kind.
    pub(super) fn is_met_over(self, kind: Kind) -> bool {
        let needs_wire = matches!(self, Self::K0 | Self::K1 | Self::K7 | Self::K11Sent);
        let needs_other = matches!(self, Self::Stopped | Self::StoppedAndRivalled);
        kind.processes() > 1 || !(needs_wire || needs_other)
    }

    /// What must come of it, for a step that may be called again and for one that holds.
    pub(super) fn expected(self, kind: Kind, step: Step) -> Expected {
        let holds = step.holds();
        let is_file = kind == Kind::Sqlite;
        let lost_before_call = if holds {
            Expected::new(0, 0, Taken::Held, "step_in_progress")
        } else {
            Expected::new(1, 1, Taken::Told, "step_in_progress")
        };
        let lost_with_call = if holds {
            Expected::new(1, 1, Taken::Held, "step_in_progress")
        } else {
            Expected::new(2, 2, Taken::Told, "step_in_progress")
        };
        let committed = Expected::new(1, 1, Taken::Told, "200");
        match self {
            Self::K0 => committed,
            Self::K1 | Self::K2 | Self::K3 => lost_before_call,
            // A file's process may be faster than its end.
            Self::K6 | Self::K11 if is_file => Expected::any(),
            Self::K4 | Self::K5 | Self::K6 | Self::K11 => lost_with_call,
            Self::K7 | Self::K8 | Self::K9 => committed,
            Self::K11Sent => Expected::new(2, 2, Taken::Told, "200"),
            Self::K10 | Self::Stopped | Self::StoppedAndRivalled => Expected::any(),
        }
    }
}

/// What must come of a step at a point.
pub(super) struct Expected {
    /// Calls that the backend has seen of it in the end, at least and at most.
    pub(super) calls: (usize, usize),
    /// How it ends; none where it may end either way.
    pub(super) taken: Option<Taken>,
    /// What the other process tells of the same request at once.
    pub(super) at_once: Option<&'static str>,
}

impl Expected {
    fn new(least: usize, most: usize, taken: Taken, at_once: &'static str) -> Self {
        Self {
            calls: (least, most),
            taken: Some(taken),
            at_once: Some(at_once),
        }
    }

    fn any() -> Self {
        Self {
            calls: (1, 2),
            taken: None,
            at_once: None,
        }
    }
}
