//! Everything that was seen from outside: what the backend was asked, what callers were told, what
//! was done to the processes, and what stood there in the end. Times are microseconds of one clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::protocol::Step;

/// One request that the backend read whole.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Counts from 1; stands in the answer.
    pub(crate) serial: u64,
    pub(crate) flow: String,
    pub(crate) step: Step,
    pub(crate) attempt: String,
    pub(crate) body: String,
    /// Which run of which process called.
    pub(crate) process: String,
    pub(crate) arrived: u64,
    /// Just before the last byte of a whole answer was written.
    pub(crate) answered: Option<u64>,
    pub(crate) status: u16,
    /// What the whole answer is, or would be.
    pub(crate) answer: String,
    /// When the caller was found to have closed the connection before it had the whole answer.
    pub(crate) closed: Option<u64>,
}

impl Call {
    /// Whether the whole answer was written and may be recorded.
    pub(crate) fn is_recordable(&self) -> bool {
        self.answered.is_some() && self.status == 200
    }
}

/// A whole reply that a caller read.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// What we call the flow: the member `item` of its start.
    pub(crate) item: String,
    /// The flow's handle, where the request or the reply names it.
    pub(crate) flow: Option<String>,
    /// The step that was asked for; none for a reading.
    pub(crate) step: Option<Step>,
    pub(crate) process: String,
    pub(crate) asked: u64,
    pub(crate) told: u64,
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) body: String,
}

/// Something that was done to a process.
#[derive(Clone, Debug)]
pub(crate) struct Blow {
    pub(crate) process: String,
    pub(crate) from: u64,
    /// When a stopped process went on; none for a killed one.
    pub(crate) until: Option<u64>,
}

/// A transition as the history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) version: u64,
    pub(crate) step: Option<Step>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) attempt: Option<String>,
    pub(crate) answer: Option<String>,
}

/// A call without a recorded answer as the history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    pub(crate) step: Step,
    pub(crate) attempt: String,
    pub(crate) code: String,
}

/// What stood there in the end, with every process and the store up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) item: String,
    pub(crate) flow: String,
    /// Whether its start can be repeated.
    pub(crate) keyed: bool,
    /// The state of `status`; none where the flow is not there.
    pub(crate) state: Option<String>,
    pub(crate) is_terminal: bool,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) attempts: Vec<Unanswered>,
    /// The recorded answers, by step.
    pub(crate) answers: BTreeMap<Step, String>,
    /// Replies to the same requests once more: the start, and the step that came last.
    pub(crate) replays: Vec<Replay>,
}

/// A request that was sent once more in the end.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) step: Step,
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: String,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) calls: Vec<Call>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) kills: Vec<Blow>,
    pub(crate) stops: Vec<Blow>,
    pub(crate) found: Vec<Found>,
    /// When the store was killed.
    pub(crate) store_kills: Vec<u64>,
    /// How many calls the backend had seen before requests were repeated in the end.
    pub(crate) calls_before_replays: usize,
    /// Requests that got no whole reply.
    pub(crate) lost_replies: u64,
    /// Flows that were not driven to their end, with why.
    pub(crate) unfinished: Vec<String>,
}

/// A ledger that many write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<Ledger>>);

impl Book {
    pub(crate) fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call down under the next serial number.
    pub(crate) fn call(&self, call: impl FnOnce(u64) -> Call) -> Call {
        let mut ledger = self.open();
        let serial = ledger.calls.len() + 1;
        let call = call(u64::try_from(serial).expect("a count"));
        ledger.calls.push(call.clone());
        call
    }

    /// Takes down what became of a call.
    pub(crate) fn of_call(&self, serial: u64, note: impl FnOnce(&mut Call)) {
        let mut ledger = self.open();
        let mut calls = ledger.calls.iter_mut();
        note(
            calls
                .find(|call| call.serial == serial)
                .expect("it was taken down"),
        );
    }

    /// Every call of a step of a flow so far.
    pub(crate) fn calls_of(&self, flow: &str, step: Step) -> Vec<Call> {
        let ledger = self.open();
        let calls = ledger.calls.iter();
        let of_step = calls.filter(|call| call.flow == flow && call.step == step);
        of_step.cloned().collect()
    }
}
