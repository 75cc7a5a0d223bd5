//! What the orchestrator tells its observers. Each thing that happens is told once, by one value;
//! logs, metrics and streams are fed from it.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::history::Transition;
use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::record::Flow;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;

pub use crate::admission::options::Mode;
pub use crate::admission::{Class, Decided, Decision, Reading, Turn};
pub use crate::backend::error::CallError;
pub use integrator_core::control::law::Regime;

/// Something that happened: to a flow, to the gate of a backend, to whoever looks on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// It moved.
    Moved {
        /// The flow after it.
        flow: &'a Flow,
        /// Its protocol.
        protocol: &'a Protocol,
        /// The move.
        transition: &'a Transition,
        /// Time it had spent in the state that it left.
        in_state: Duration,
        /// What moved it.
        by: Mover<'a>,
    },
    /// A call to the backend ended.
    Called {
        /// The flow as it was claimed.
        flow: &'a Flow,
        /// Its protocol.
        protocol: &'a Protocol,
        /// The step.
        step: &'a Step,
        /// The status of the whole answer, or why there is none.
        ended: Result<u16, &'a CallError>,
        /// How long it took.
        took: Duration,
    },
    /// A gate decided on a request: refused it, or let it pass and its call leaves now.
    Decided {
        /// The backend in front of which the gate is.
        backend: &'a str,
        /// What it decided.
        decided: Decided,
    },
    /// The regime of a gate changed.
    Turned {
        /// The backend in front of which the gate is.
        backend: &'a str,
        /// From which to which.
        turn: Turn,
    },
    /// A recorded answer was told again.
    Replayed {
        /// Its protocol.
        protocol: &'a Protocol,
        /// The step.
        step: &'a Step,
    },
    /// An answer came too late and was dropped.
    Late {
        /// The flow as it was claimed.
        flow: &'a Flow,
        /// Its protocol.
        protocol: &'a Protocol,
        /// The step.
        step: &'a Step,
    },
    /// The store failed while a call was being settled.
    StoreFailed {
        /// The flow as it was claimed.
        flow: &'a Flow,
        /// What the store said.
        cause: &'a str,
    },
    /// The sweeper removed it.
    Removed {
        /// Its protocol.
        protocol: &'a Protocol,
    },
    /// A search met records that cannot be read, and passed them over.
    Unreadable {
        /// How many.
        flows: usize,
        /// Where and why, of the first of them.
        cause: &'a str,
    },
    /// A flow can no longer be watched: what is stored of it cannot be read.
    Unwatchable {
        /// Its handle.
        handle: &'a FlowHandle,
        /// What cannot be read and why.
        cause: &'a str,
    },
    /// Somebody watches flows, or no longer does.
    Watched {
        /// Whether this is the begin of it.
        begins: bool,
    },
    /// A sweep ended.
    Swept {
        /// How long the most overdue flow had waited for it.
        lag: Duration,
        /// When it had nothing more to look for.
        at: Timestamp,
    },
}

/// What moved a flow.
#[derive(Clone, Copy, Debug)]
pub enum Mover<'a> {
    /// A recorded answer of the backend.
    Answer(&'a RecordedAnswer),
    /// Its deadline.
    Deadline,
    /// An operator.
    Operator,
}

/// Whoever is told.
pub trait Observer: Send + Sync {
    /// Takes one event. Must not block.
    fn observe(&self, event: Event<'_>);
}

/// Tells each of several observers.
impl Observer for Vec<Arc<dyn Observer>> {
    fn observe(&self, event: Event<'_>) {
        for observer in self {
            observer.observe(event);
        }
    }
}
