//! Same requests that come at the same moment: one asks the gate, the others wait for it.
//!
//! Between a request's look at the store and its claim there, nobody sees that it goes on. Two of
//! them would both ask the gate, and the one that finds no token would be refused the call that
//! it is about to join. So whoever asks for a flow, or for a key, *leads* until its claim is saved
//! or it has failed. Who comes meanwhile waits, and is then judged anew, unless the leader failed:
//! then it is told the same.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::record::Flow;
use tokio::sync::watch;

use super::failure::FailureKind;
use crate::store::StartKey;

/// What a request that needs a call was judged by: what the store held for it.
#[derive(Clone, Copy)]
pub(super) enum Basis<'a> {
    /// No flow; where the start has a key, none under it.
    NoFlow(Option<&'a StartKey>),
    /// This flow.
    Flow(&'a Flow),
}

/// For whom a gate is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Asker {
    Start(StartKey),
    Flow(FlowHandle),
}

impl Basis<'_> {
    /// Nobody for a start without a key, which is the same as no other.
    fn asker(self) -> Option<Asker> {
        match self {
            Self::NoFlow(key) => key.cloned().map(Asker::Start),
            Self::Flow(flow) => Some(Asker::Flow(flow.handle().clone())),
        }
    }

    fn version(self) -> Option<u64> {
        match self {
            Self::NoFlow(_) => None,
            Self::Flow(flow) => Some(flow.version()),
        }
    }
}

/// The leads of a process. Only requests that need a token take one.
#[derive(Default)]
pub struct Leads {
    held: DashMap<Asker, watch::Receiver<Option<Told>>>,
}

/// What a leader failed by, and the version of the flow that it was judged by.
#[derive(Clone)]
struct Told {
    over: Option<u64>,
    kind: FailureKind,
}

/// Where a request stands among those that ask for the same.
pub(super) enum Place {
    /// It is the only one, as no other is the same.
    Alone,
    /// It comes first.
    Leads(Lead),
    /// It comes after one that has not ended.
    Waits(Wait),
}

impl Leads {
    /// The place of a request that was judged by `basis`.
    pub(super) fn place(self: &Arc<Self>, basis: Basis<'_>) -> Place {
        let Some(asker) = basis.asker() else {
            return Place::Alone;
        };
        let over = basis.version();
        match self.held.entry(asker.clone()) {
            Entry::Occupied(held) => Place::Waits(Wait {
                receiver: held.get().clone(),
                over,
            }),
            Entry::Vacant(free) => {
                let (sender, receiver) = watch::channel(None);
                free.insert(receiver);
                Place::Leads(Lead {
                    leads: self.clone(),
                    asker,
                    over,
                    failed: None,
                    sender,
                })
            }
        }
    }
}

/// The lead of whoever asks. Dropped, it lets those who waited go on.
pub(super) struct Lead {
    leads: Arc<Leads>,
    asker: Asker,
    over: Option<u64>,
    failed: Option<FailureKind>,
    sender: watch::Sender<Option<Told>>,
}

impl Lead {
    /// Ends with this failure instead of a claim.
    pub(super) fn fail(mut self, kind: FailureKind) {
        self.failed = Some(kind);
    }
}

impl Drop for Lead {
    /// The place is free before anybody wakes: one of them may be the next to lead.
    fn drop(&mut self) {
        self.leads.held.remove(&self.asker);
        if let Some(kind) = self.failed.take() {
            let over = self.over;
            self.sender.send_replace(Some(Told { over, kind }));
        }
    }
}

/// A side that waits.
pub(super) struct Wait {
    receiver: watch::Receiver<Option<Told>>,
    over: Option<u64>,
}

impl Wait {
    /// Waits until the lead is over. What the leader failed by is told to those who were judged
    /// by the same state of the flow as it was; the others may be told better.
    pub(super) async fn failure(mut self) -> Option<FailureKind> {
        let told = self.receiver.wait_for(Option::is_some).await;
        // A leader that did not fail ends without a word.
        let told = told.ok().and_then(|told| told.clone())?;
        (told.over == self.over).then_some(told.kind)
    }
}
