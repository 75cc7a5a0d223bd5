//! A store to be examined, and flows to examine it with.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::clock::ManualClock;
use appattest_integrator::store::{Created, FlowStore, Next, Opened, Query, Replaced, Stored};
use integrator_core::flow::answer::{RecordedAnswer, WholeAnswer};
use integrator_core::flow::ids::{AttemptId, Fingerprint, FlowHandle};
use integrator_core::flow::machine::{
    Begin, Call, Recorded, Request, Settled, begin, create, expire, settle,
};
use integrator_core::flow::record::{Flow, Origin};
use integrator_core::flow::time::{Now, Tick};
use integrator_core::protocol::{Protocol, read_body};
use tokio::time::{Instant, sleep};

use super::samples::{DEFINITION, answer, handle, number, protocol, replacement, start_key, terms};
use crate::harness::service::STARTED;
use crate::harness::stores::{Kind, Place};

/// How many flows a subject takes.
pub(crate) const MOST: u64 = 20_000;

/// How soon a store is back once its server is; the machine may be busy.
const BACK: Duration = Duration::from_secs(10);

/// A store under examination.
pub(crate) struct Subject {
    pub(crate) opened: Opened,
    pub(crate) store: Arc<dyn FlowStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) place: Place,
    pub(crate) protocol: Arc<Protocol>,
}

impl Subject {
    /// An empty store of this kind.
    pub(crate) async fn of(kind: Kind) -> Self {
        Self::bounded(kind, MOST).await
    }

    /// The same, for few flows.
    pub(crate) async fn bounded(kind: Kind, most: u64) -> Self {
        Self::at(Place::empty(kind, most, u64::MAX)).await
    }

    /// What is stored at a place.
    pub(crate) async fn at(place: Place) -> Self {
        let subject = Self::opened(place);
        subject.store.prepare().await.expect("the store is ready");
        subject
    }

    /// The same, not made ready.
    pub(crate) fn opened(place: Place) -> Self {
        let clock = Arc::new(ManualClock::at(STARTED.parse().expect("a time")));
        let opened = place.open(clock.clone());
        let store = opened.way();
        Self {
            opened,
            store,
            clock,
            place,
            protocol: protocol(DEFINITION),
        }
    }

    /// The same place, opened by another process after this one ended.
    pub(crate) async fn reopened(self) -> Self {
        self.changed_while_closed(|_| {}).await
    }

    /// The same after `change` was made to the place while no process had it open.
    pub(crate) async fn changed_while_closed(self, change: impl FnOnce(&Place)) -> Self {
        let Self {
            opened,
            store,
            clock,
            place,
            protocol,
        } = self;
        drop(store);
        drop(opened);
        change(&place);
        let opened = place.open(clock.clone());
        let store = opened.way();
        store.prepare().await.expect("the store is ready again");
        Self {
            opened,
            store,
            clock,
            place,
            protocol,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.store.kind() {
            "memory" => Kind::Memory,
            "sqlite" => Kind::Sqlite,
            "redis" => Kind::Redis,
            "postgres" => Kind::Postgres,
            other => panic!("no kind of store is called {other}"),
        }
    }

    pub(crate) async fn now(&self) -> Now {
        self.store.now().await.expect("the store answers")
    }

    pub(crate) fn pass(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }

    /// A flow that holds the claim of its start, not stored yet.
    pub(crate) async fn claimed(&self, number: u64, body: &str) -> (Stored, Call) {
        self.claimed_as(handle(number), number, body).await
    }

    /// The same under a handle that is not its own.
    pub(crate) async fn claimed_as(
        &self,
        handle: FlowHandle,
        number: u64,
        body: &str,
    ) -> (Stored, Call) {
        let now = self.now().await;
        let origin = Origin {
            handle,
            protocol: self.protocol.name().into(),
            digest: self.protocol.digest().into(),
            correlation_id: format!("correlation-{number}").into(),
            keyed: None,
            issued_at: now.wall,
        };
        let read = read_body(body.as_bytes()).expect("a body");
        let request = Request {
            step: self.protocol.start(),
            body: &read,
            fingerprint: Fingerprint([0; 32]),
        };
        let begun = create(origin, &self.protocol, request, terms(number), &now).expect("a flow");
        (Stored::new(begun.flow, self.protocol.clone()), begun.call)
    }

    /// A stored flow that holds the claim of its start.
    pub(crate) async fn created(&self, number: u64) -> (Stored, Call) {
        let (stored, call) = self.claimed(number, "{}").await;
        self.create(stored.clone(), None).await;
        (stored, call)
    }

    pub(crate) async fn create(&self, stored: Stored, key: Option<&str>) {
        let created = self.store.create(stored, key.map(start_key)).await;
        assert_eq!(created, Ok(Created::Created));
    }

    /// A stored flow whose start was answered.
    pub(crate) async fn begun(&self, number: u64) -> Stored {
        let (stored, call) = self.created(number).await;
        let answer = answer(200, &format!(r#"{{"id":"id-{number}"}}"#));
        self.answered(&stored, &call, answer).await.0
    }

    /// The same flow with the claim of its poll, not stored.
    pub(crate) async fn claim_unsaved(&self, stored: &Stored, draw: u64) -> (Stored, Call) {
        let claimed = self.try_to_claim(stored, draw).await;
        claimed.expect("the poll can be claimed")
    }

    /// The same, where the flow can be claimed for a poll.
    pub(crate) async fn try_to_claim(&self, stored: &Stored, draw: u64) -> Option<(Stored, Call)> {
        let now = self.now().await;
        let body = read_body(b"").expect("a body");
        let request = Request {
            step: self.protocol.step("poll").expect("a step"),
            body: &body,
            fingerprint: Fingerprint([1; 32]),
        };
        match begin(&stored.flow, &self.protocol, request, terms(draw), &now) {
            Begin::Call(begun) => {
                let next = Stored::new(begun.flow, self.protocol.clone());
                Some((next, begun.call))
            }
            Begin::Replay(_) | Begin::Join(_) | Begin::Refused(_) => None,
        }
    }

    /// Claims the poll of a flow and stores that.
    pub(crate) async fn polling(&self, stored: &Stored, draw: u64) -> (Stored, Call) {
        let (next, call) = self.claim_unsaved(stored, draw).await;
        self.replace(stored, next.clone(), None, Vec::new()).await;
        (next, call)
    }

    /// Settles a call and stores that.
    pub(crate) async fn answered(
        &self,
        stored: &Stored,
        call: &Call,
        answer: WholeAnswer,
    ) -> (Stored, Arc<RecordedAnswer>) {
        let now = self.now().await;
        let settled = settle(&stored.flow, &self.protocol, call, answer, &now);
        let Ok(Settled::Recorded(recorded)) = settled else {
            panic!("not recorded");
        };
        let Recorded {
            flow,
            answer,
            dropped,
            ..
        } = *recorded;
        let next = Stored::new(flow, self.protocol.clone());
        let kept = Some(answer.clone());
        self.replace(stored, next.clone(), kept, dropped).await;
        (next, answer)
    }

    /// Runs the poll of a flow once.
    pub(crate) async fn polled(&self, stored: &Stored, draw: u64, status: u16) -> Stored {
        let (stored, call) = self.polling(stored, draw).await;
        self.answered(&stored, &call, answer(status, "{}")).await.0
    }

    /// Expires a flow and stores that.
    pub(crate) async fn expired(&self, stored: &Stored) -> Stored {
        let now = self.now().await;
        let expired = expire(&stored.flow, &self.protocol, &now).expect("an open flow");
        let next = Stored::new(expired.flow, self.protocol.clone());
        self.replace(stored, next.clone(), None, Vec::new()).await;
        next
    }

    pub(crate) async fn removed(&self, stored: &Stored) {
        let removal = replacement(stored, Next::Nothing);
        assert_eq!(self.store.replace(removal).await, Ok(Replaced::Done));
    }

    async fn replace(
        &self,
        over: &Stored,
        stored: Stored,
        answer: Option<Arc<RecordedAnswer>>,
        dropped: Vec<AttemptId>,
    ) {
        let next = Next::Record {
            stored,
            answer,
            dropped,
        };
        let replaced = self.store.replace(replacement(over, next)).await;
        assert_eq!(replaced, Ok(Replaced::Done));
    }

    /// The flow as it is stored.
    pub(crate) async fn loaded(&self, handle: &FlowHandle) -> Option<Flow> {
        let loaded = self.store.load(handle).await.expect("the store answers");
        loaded.stored.map(|stored| (*stored.flow).clone())
    }

    /// The numbers of the flows that a query takes.
    pub(crate) async fn found(&self, query: &Query) -> Vec<u64> {
        let found = self.store.find(query, 1000).await;
        let found = found.expect("the store answers");
        let distinct: HashSet<_> = found.iter().map(|position| &position.handle).collect();
        assert_eq!(distinct.len(), found.len(), "a flow is found twice");
        found.iter().map(|found| number(&found.handle)).collect()
    }

    /// The flows that are due, with their instants.
    pub(crate) async fn due(&self) -> Vec<(u64, Tick)> {
        let due = self.store.due(None, 1000).await.expect("an answer");
        let numbered = due.positions.iter();
        numbered
            .map(|position| (number(&position.handle), position.due))
            .collect()
    }
}

/// Waits until a store answers again.
pub(crate) async fn recovered(store: &dyn FlowStore) {
    let deadline = Instant::now() + BACK;
    while let Err(error) = store.beat().await {
        assert!(Instant::now() < deadline, "not back: {error}");
        sleep(Duration::from_millis(20)).await;
    }
}
