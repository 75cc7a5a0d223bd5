//! Random sequences of operations, applied to the pure model and to a real store: every result is
//! the same, and so is all that is stored at the end.

use appattest_integrator::store::{Census, LookupKey, Next, Order, Query, Replacement, Stored};
use integrator_core::flow::ids::AttemptId;
use integrator_core::flow::machine::Call;
use integrator_core::flow::machine::{Settled, expire, settle};
use integrator_core::flow::time::Tick;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::model::Model;
use super::samples::{answer, handle, replacement, start_key};
use super::subject::Subject;
use crate::harness::stores::Kind;

/// Handles that flows may have.
const HANDLES: u64 = 6;
/// Flows that may be stored.
const MOST: usize = 4;

/// One operation, by numbers that stand for what is there when it is applied.
#[derive(Clone, Debug)]
enum Deed {
    Create {
        flow: u64,
        key: Option<u8>,
    },
    Change {
        flow: u64,
        next: Change,
        over: i64,
        latest: Option<i64>,
    },
    Load(u64),
    Started(u8),
    Due,
    Find(u8, usize),
    Beat,
    Pass(u64),
}

/// What takes a flow's place.
#[derive(Clone, Copy, Debug)]
enum Change {
    Claim,
    Answer(u16),
    Expire,
    Same,
    Nothing,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let change = prop_oneof![
        3 => Just(Change::Claim),
        3 => prop::sample::select(vec![200_u16, 202, 202]).prop_map(Change::Answer),
        1 => Just(Change::Expire),
        1 => Just(Change::Same),
        1 => Just(Change::Nothing),
    ];
    let over = prop_oneof![6 => Just(0_i64), 1 => -1..2_i64];
    let latest = prop_oneof![3 => Just(None), 1 => (-1..2_i64).prop_map(Some)];
    let deed = prop_oneof![
        4 => (0..HANDLES, prop::option::of(0..3_u8)).prop_map(|(flow, key)| Deed::Create { flow, key }),
        10 => (0..HANDLES, change, over, latest)
            .prop_map(|(flow, next, over, latest)| Deed::Change { flow, next, over, latest }),
        2 => (0..HANDLES).prop_map(Deed::Load),
        1 => (0..3_u8).prop_map(Deed::Started),
        1 => Just(Deed::Due),
        2 => (0..8_u8, 1..4_usize).prop_map(|(query, limit)| Deed::Find(query, limit)),
        1 => Just(Deed::Beat),
        2 => prop::sample::select(vec![1_u64, 700, 4_999, 5_000, 10_000]).prop_map(Deed::Pass),
    ];
    prop::collection::vec(deed, 1..60)
}

/// A store and the model beside it.
struct Pair {
    subject: Subject,
    model: Model,
    /// Calls whose claims may still be held.
    calls: Vec<(u64, Call)>,
    drawn: u64,
}

impl Pair {
    async fn play(&mut self, deed: &Deed) {
        match deed {
            Deed::Create { flow, key } => self.create(*flow, *key).await,
            Deed::Change {
                flow,
                next,
                over,
                latest,
            } => {
                self.change(*flow, *next, *over, *latest).await;
            }
            Deed::Load(flow) => {
                let loaded = self.subject.loaded(&handle(*flow)).await;
                assert_eq!(loaded, self.model.load(&handle(*flow)));
            }
            Deed::Started(key) => self.compare_key(*key).await,
            Deed::Due => self.compare_due().await,
            Deed::Find(query, limit) => {
                let query = self.query(*query);
                let found = self.subject.store.find(&query, *limit).await.unwrap();
                assert_eq!(found, self.model.find(&query, *limit), "{query:?}");
            }
            Deed::Beat => self.subject.store.beat().await.unwrap(),
            Deed::Pass(milliseconds) => self.subject.pass(*milliseconds),
        }
    }

    async fn create(&mut self, flow: u64, key: Option<u8>) {
        // A handle is drawn at random and is never drawn twice.
        if self.model.stored(&handle(flow)).is_some() {
            return;
        }
        let run = format!(r#"{{"verifyRunID":"run-{}"}}"#, flow % 2);
        let (stored, call) = self.subject.claimed(flow, &run).await;
        let key = key.map(|key| start_key(&format!("key-{key}")));
        let created = self.subject.store.create(stored.clone(), key.clone()).await;
        assert_eq!(created, Ok(self.model.create(&stored, key)));
        self.calls.retain(|(of, _)| *of != flow);
        self.calls.push((flow, call));
    }

    async fn change(&mut self, flow: u64, next: Change, over: i64, latest: Option<i64>) {
        let now = self.subject.now().await;
        let Some(stored) = self.model.stored(&handle(flow)).cloned() else {
            return;
        };
        let next = self.next(flow, &stored, next).await;
        let replacement = Replacement {
            over: stored.flow.version().saturating_add_signed(over),
            not_after: latest.map(|offset| Tick(now.tick.0 + offset)),
            ..replacement(&stored, next)
        };
        let replaced = self.subject.store.replace(replacement.clone()).await;
        assert_eq!(replaced, Ok(self.model.replace(replacement, &now)));
    }

    async fn next(&mut self, flow: u64, stored: &Stored, change: Change) -> Next {
        let now = self.subject.now().await;
        let protocol = self.subject.protocol.clone();
        let plain = |stored| Next::Record {
            stored,
            answer: None,
            dropped: Vec::new(),
        };
        match change {
            Change::Nothing => Next::Nothing,
            Change::Same => plain(stored.clone()),
            Change::Expire => match expire(&stored.flow, &protocol, &now) {
                Some(expired) => plain(Stored::new(expired.flow, protocol)),
                None => plain(stored.clone()),
            },
            Change::Claim => {
                self.drawn += 1;
                match self.subject.try_to_claim(stored, 100 + self.drawn).await {
                    Some((next, call)) => {
                        self.calls.retain(|(of, _)| *of != flow);
                        self.calls.push((flow, call));
                        plain(next)
                    }
                    None => plain(stored.clone()),
                }
            }
            Change::Answer(status) => {
                let call = self.calls.iter().find(|(of, _)| *of == flow);
                let text = format!(r#"{{"id":"id-{flow}"}}"#);
                let settled = call.map(|(_, call)| {
                    settle(&stored.flow, &protocol, call, answer(status, &text), &now)
                });
                match settled {
                    Some(Ok(Settled::Recorded(recorded))) => Next::Record {
                        stored: Stored::new(recorded.flow, protocol),
                        answer: Some(recorded.answer),
                        dropped: recorded.dropped,
                    },
                    Some(Ok(Settled::Declined(_)) | Err(_)) | None => plain(stored.clone()),
                }
            }
        }
    }

    fn query(&self, number: u8) -> Query {
        let mut query = Query::default();
        match number {
            0 => query.state = Some("begun".into()),
            1 => query.flow_id = Some(LookupKey::of("id-1")),
            2 => query.verify_run_id = Some(LookupKey::of("run-0")),
            3 => query.correlation_id = Some("correlation-2".into()),
            4 => query.after = self.model.find(&Query::default(), 1).pop(),
            5 => query.order = Order::NewestFirst,
            6 => {
                query.after = self.model.find(&Query::default(), 2).pop();
                query.order = Order::NewestFirst;
            }
            _ => {}
        }
        query
    }

    async fn compare_key(&self, key: u8) {
        let key = start_key(&format!("key-{key}"));
        let started = self.subject.store.started(&key).await;
        assert_eq!(started, Ok(self.model.started(&key)));
    }

    async fn compare_due(&self) {
        let due = self.subject.store.due(None, 1000).await.unwrap();
        assert_eq!(due.positions, self.model.due(&due.now));
    }

    /// Everything that can be seen of what is stored.
    async fn compare_all(&self) {
        for flow in 0..HANDLES {
            let handle = handle(flow);
            assert_eq!(self.subject.loaded(&handle).await, self.model.load(&handle));
            let Some(stored) = self.model.stored(&handle) else {
                continue;
            };
            let attempts: Vec<_> = (0..self.drawn + 1)
                .map(|draw| AttemptId::new(&format!("attempt-{}", 100 + draw)))
                .chain([AttemptId::new(&format!("attempt-{flow}"))])
                .collect();
            let answers = self.subject.store.answers(stored, &attempts).await;
            assert_eq!(answers, Ok(self.model.answers(&handle, &attempts)));
        }
        for key in 0..3 {
            self.compare_key(key).await;
        }
        self.compare_due().await;
        let all = self.subject.store.find(&Query::default(), 1000).await;
        assert_eq!(all, Ok(self.model.find(&Query::default(), 1000)));
        let census = self.subject.store.census().await.unwrap();
        assert_eq!(in_order(census), in_order(self.model.census()));
    }
}

fn in_order(mut census: Census) -> Census {
    census.states.retain(|state| state.flows > 0);
    census
        .states
        .sort_by(|one, other| (&one.protocol, &one.state).cmp(&(&other.protocol, &other.state)));
    census
}

/// Runs random sequences against a store of this kind.
fn agrees(kind: Kind, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    });
    let compared = runner.run(&deeds(), |deeds| {
        runtime.block_on(async {
            let mut pair = Pair {
                subject: Subject::bounded(kind, MOST as u64).await,
                model: Model::of_at_most(MOST),
                calls: Vec::new(),
                drawn: 0,
            };
            for deed in &deeds {
                pair.play(deed).await;
            }
            pair.compare_all().await;
        });
        Ok(())
    });
    if let Err(differs) = compared {
        panic!("{differs}");
    }
}

#[test]
fn memory_agrees_with_the_model_on_random_sequences() {
    agrees(Kind::Memory, 256);
}

#[test]
fn sqlite_agrees_with_the_model_on_random_sequences() {
    agrees(Kind::Sqlite, 48);
}

#[test]
fn redis_agrees_with_the_model_on_random_sequences() {
    agrees(Kind::Redis, 48);
}

#[test]
fn postgres_agrees_with_the_model_on_random_sequences() {
    agrees(Kind::Postgres, 48);
}
