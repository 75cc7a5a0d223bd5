//! Finding flows by what is known of them. What the store's index brings are hints: each flow is
//! looked at under its record and at its time, and passed over where the hint no longer holds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use integrator_core::flow::time::Now;
use integrator_core::protocol::table::EXPIRED;

use super::Orchestrator;
use super::event::Event;
use super::failure::Failure;
use super::observe::observed;
use super::reply::Observation;
use crate::store::{LookupKey, Position, Query, StoreError, Stored, VERIFY_RUN_ID, decoded};

/// How often the store is asked for what a page still lacks.
const ROUNDS: usize = 4;

/// A search; every part that is there must hold of a flow.
#[derive(Clone, Debug, Default)]
pub struct SearchOrder {
    /// The name of its state now.
    pub state: Option<Arc<str>>,
    /// The name of its protocol.
    pub protocol: Option<Arc<str>>,
    /// The backend's flow id.
    pub flow_id: Option<Vec<u8>>,
    /// Its correlation id.
    pub correlation_id: Option<Arc<str>>,
    /// The observation's `verifyRunID`.
    pub verify_run_id: Option<Vec<u8>>,
    /// How long ago it was issued, at least.
    pub older_than: Option<Duration>,
    /// Most flows of a page.
    pub limit: usize,
    /// The position that an earlier page ended at.
    pub after: Option<Position>,
}

/// Some of the flows that a search takes, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The flows as they are now.
    pub flows: Vec<Observation>,
    /// Where the next page begins; none where this is the last one.
    pub next: Option<Position>,
}

/// Records that could not be read on the way.
#[derive(Default)]
struct Unreadable {
    count: usize,
    first: Option<StoreError>,
}

impl Orchestrator {
    /// A page of the flows that the search takes. It may be short, or even empty, before the last
    /// one: so much is looked at and no more.
    ///
    /// # Errors
    ///
    /// A failure of the store. A record that cannot be read is passed over.
    pub async fn search(&self, order: &SearchOrder) -> Result<Page, Failure> {
        let mut query = self.query(order).await?;
        let mut flows = Vec::new();
        let mut unreadable = Unreadable::default();
        let mut is_more = true;
        for _ in 0..ROUNDS {
            let lacking = order.limit.saturating_sub(flows.len());
            if lacking == 0 || !is_more {
                break;
            }
            // One more tells whether anything is left behind this page.
            let mut hints = self.store.find(&query, lacking.saturating_add(1)).await?;
            is_more = hints.len() > lacking;
            hints.truncate(lacking);
            let handles: Vec<_> = hints.iter().map(|hint| hint.handle.clone()).collect();
            query.after = hints.pop().or(query.after);
            if handles.is_empty() {
                break;
            }
            let loaded = self.store.load_all(&handles).await?;
            let stored = loaded.flows.into_iter();
            let stored = stored.filter_map(|stored| unreadable.pass_over(stored));
            let taken = stored.filter(|stored| order.takes(stored, &query, &loaded.now));
            flows.extend(
                taken.map(|Stored { flow, protocol }| observed(&flow, protocol, &loaded.now)),
            );
        }
        self.tell(&unreadable);
        let next = query.after.filter(|_| is_more);
        Ok(Page { flows, next })
    }

    /// What the store is asked for.
    async fn query(&self, order: &SearchOrder) -> Result<Query, Failure> {
        let key = |text: &Option<Vec<u8>>| text.as_ref().map(LookupKey::of);
        let issued_before_ms = match order.older_than {
            None => None,
            Some(age) => {
                let now = self.store.now().await?.wall.as_millisecond();
                let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
                Some(now.saturating_sub(age))
            }
        };
        Ok(Query {
            state: order
                .state
                .clone()
                .filter(|state| order.is_stored_in(state)),
            protocol: order.protocol.clone(),
            flow_id: key(&order.flow_id),
            correlation_id: order.correlation_id.clone(),
            verify_run_id: key(&order.verify_run_id),
            issued_before_ms,
            after: order.after.clone(),
            ..Query::default()
        })
    }

    fn tell(&self, unreadable: &Unreadable) {
        if let Some(first) = &unreadable.first {
            self.shared.observer.observe(Event::Unreadable {
                flows: unreadable.count,
                cause: &first.to_string(),
            });
        }
    }
}

impl SearchOrder {
    /// Whether flows in this state are stored in it. One whose deadline has come is `expired`
    /// although nobody has written that down; among the few that have an id it is looked for.
    fn is_stored_in(&self, state: &str) -> bool {
        let by_id =
            self.flow_id.is_some() || self.correlation_id.is_some() || self.verify_run_id.is_some();
        !(by_id && state == EXPIRED)
    }

    /// Whether the record says what the index said, at this time.
    fn takes(&self, stored: &Stored, query: &Query, now: &Now) -> bool {
        let Stored { flow, protocol } = stored;
        let origin = flow.origin();
        let state = protocol.state_name(flow.state_at(protocol, now));
        let is = |wanted: &Option<Arc<str>>, fact: &str| {
            wanted.as_ref().is_none_or(|wanted| **wanted == *fact)
        };
        is(&self.state, state)
            && is(&self.protocol, &origin.protocol)
            && is(&self.correlation_id, &origin.correlation_id)
            && spells(flow.flow_id(), self.flow_id.as_deref())
            && spells(flow.member(VERIFY_RUN_ID), self.verify_run_id.as_deref())
            && query
                .issued_before_ms
                .is_none_or(|before| origin.issued_at.as_millisecond() < before)
    }
}

impl Unreadable {
    /// The flow, where there is one; a record that cannot be read is counted.
    fn pass_over(&mut self, read: Result<Option<Stored>, StoreError>) -> Option<Stored> {
        read.unwrap_or_else(|error| {
            self.count += 1;
            self.first.get_or_insert(error);
            None
        })
    }
}

/// Whether raw JSON text spells the text that is wanted, if one is.
fn spells(raw: Option<&Bytes>, wanted: Option<&[u8]>) -> bool {
    wanted.is_none_or(|wanted| raw.and_then(decoded).as_deref() == Some(wanted))
}
