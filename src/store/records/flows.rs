//! A store of flows over a database of records.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Now;
use integrator_core::protocol::Protocol;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::asking::PLACES;
use super::codec::{self, Place};
use super::standing::Standing;
use super::{Change, Head, NextRow, ReadHead, Records};
use crate::store::operations::{
    Census, Created, Due, Loaded, LoadedAll, Next, PrepareError, Prepared, Replaced, Replacement,
    StoreError,
};
use crate::store::stored::{DuePosition, Position, Query, StartKey, Stored};
use crate::store::{Bounds, FlowStore};

/// How long getting ready may take.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10);

/// Flows in a database, as one runtime reaches it.
pub(in crate::store) struct RecordedFlows {
    pub(super) records: Arc<dyn Records>,
    pub(super) standing: Arc<Standing>,
    max_flows: u64,
    /// How long an operation may take.
    pub(super) patience: Duration,
    pub(super) places: Semaphore,
}

impl RecordedFlows {
    pub(in crate::store) fn new(
        records: Arc<dyn Records>,
        standing: Arc<Standing>,
        bounds: Bounds,
    ) -> Self {
        Self {
            records,
            standing,
            max_flows: bounds.max_flows,
            patience: bounds.patience,
            places: Semaphore::new(PLACES),
        }
    }

    pub(super) fn place<'a>(&self, handle: &'a FlowHandle) -> Place<'a> {
        Place {
            store: self.records.kind(),
            handle,
        }
    }

    /// The flow of a head, under the definition that it started with.
    pub(super) async fn decode(
        &self,
        handle: &FlowHandle,
        head: &Head,
    ) -> Result<Stored, StoreError> {
        let place = self.place(handle);
        let record = codec::open_head(place, head)?;
        let protocol = self.definition(place, &record.digest).await?;
        codec::flow(place, record, protocol)
    }

    /// The same of one head among others: only a store that does not answer fails all of them.
    async fn decode_each(
        &self,
        handle: &FlowHandle,
        head: ReadHead,
    ) -> Result<Result<Option<Stored>, StoreError>, StoreError> {
        let stored = match head {
            Ok(Some(head)) => self.decode(handle, &head).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match stored {
            Err(error @ StoreError::Unavailable { .. }) => Err(error),
            stored => Ok(stored),
        }
    }

    async fn definition(
        &self,
        place: Place<'_>,
        digest: &str,
    ) -> Result<Arc<Protocol>, StoreError> {
        let definitions = &self.standing.definitions;
        if let Some(protocol) = definitions.known(digest) {
            return Ok(protocol);
        }
        let text = self.read(|| self.records.definition(digest)).await?;
        let text = text.ok_or_else(|| {
            let reason = format!("its definition {digest} is not in the store");
            place.unreadable("record", &reason)
        })?;
        let learned = definitions.learn(digest, &text);
        learned.map_err(|reason| place.unreadable("record", &reason))
    }

    pub(super) async fn keep_definition(&self, protocol: &Arc<Protocol>) -> Result<(), StoreError> {
        let (digest, text) = (protocol.digest(), protocol.definition());
        if self.standing.definitions.is_kept(digest) {
            return Ok(());
        }
        self.ask(self.records.keep_definition(digest, text)).await?;
        self.standing.definitions.keep(protocol);
        Ok(())
    }
}

fn change(replacement: Replacement) -> Result<Change, StoreError> {
    let next = match replacement.next {
        Next::Nothing => None,
        Next::Record {
            stored,
            answer,
            dropped,
        } => Some(NextRow {
            row: codec::row(&stored)?,
            answer: match answer {
                Some(answer) => Some(codec::answer(
                    &replacement.handle,
                    &answer,
                    &stored.protocol,
                )?),
                None => None,
            },
            dropped,
        }),
    };
    Ok(Change {
        handle: replacement.handle,
        over: replacement.over,
        fence: replacement.fence.map(codec::claim_digits),
        next,
        not_after: replacement.not_after,
    })
}

#[async_trait]
impl FlowStore for RecordedFlows {
    fn kind(&self) -> &'static str {
        self.records.kind()
    }

    fn is_shared(&self) -> bool {
        self.records.is_shared()
    }

    fn prepared(&self) -> Option<Arc<Prepared>> {
        self.standing.prepared()
    }

    async fn prepare(&self) -> Result<Arc<Prepared>, PrepareError> {
        let patience = PREPARE_TIMEOUT;
        let prepared = timeout(patience, self.records.prepare()).await;
        let prepared = prepared.unwrap_or_else(|_| {
            let patience = patience.as_secs();
            Err(PrepareError::Unreachable(format!(
                "no answer within {patience} s"
            )))
        });
        match prepared {
            Ok((prepared, shown)) => {
                if let Some(shown) = shown {
                    self.standing.has_shown(shown);
                }
                Ok(self.standing.is_prepared(prepared))
            }
            Err(error) => {
                let (PrepareError::Unreachable(cause) | PrepareError::Unsuitable(cause)) = &error;
                self.standing.has_trouble(cause.clone());
                Err(error)
            }
        }
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.now().await?;
        self.standing.trouble().map_or(Ok(()), Err)
    }

    async fn beat(&self) -> Result<(), StoreError> {
        let timing = self.standing.timing();
        let shown = self.judge(self.records.beat(timing)).await?;
        self.standing.has_shown(shown);
        // A store that came back without its latest writes may lack definitions whose flows are
        // being started here.
        for protocol in self.standing.definitions.all_kept() {
            let (digest, text) = (protocol.digest(), protocol.definition());
            self.ask(self.records.keep_definition(digest, text)).await?;
        }
        Ok(())
    }

    async fn now(&self) -> Result<Now, StoreError> {
        let timing = self.standing.timing();
        let shown = self.read(|| self.records.now(timing)).await?;
        Ok(self.standing.has_shown(shown))
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        self.keep_definition(&stored.protocol).await?;
        let row = codec::row(&stored)?;
        let created = self.records.create(&row, key.as_ref(), self.max_flows);
        self.ask(created).await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        self.read(|| self.records.started(key)).await
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        let timing = self.standing.timing();
        let (head, shown) = self.read(|| self.records.load(handle, timing)).await?;
        let now = self.standing.has_shown(shown);
        let stored = match head {
            Some(head) => Some(self.decode(handle, &head).await?),
            None => None,
        };
        Ok(Loaded { stored, now })
    }

    async fn load_all(&self, handles: &[FlowHandle]) -> Result<LoadedAll, StoreError> {
        let timing = self.standing.timing();
        let loaded = self.read(|| self.records.load_all(handles, timing)).await?;
        let (heads, shown) = loaded;
        let mut flows = Vec::with_capacity(heads.len());
        for (handle, head) in handles.iter().zip(heads) {
            flows.push(self.decode_each(handle, head).await?);
        }
        Ok(LoadedAll {
            flows,
            now: self.standing.has_shown(shown),
        })
    }

    async fn answers(
        &self,
        stored: &Stored,
        attempts: &[AttemptId],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let handle = stored.flow.handle();
        let found = self.read(|| self.records.answers(handle, attempts)).await?;
        let place = self.place(handle);
        let decoded = found
            .into_iter()
            .map(|record| codec::recorded_answer(place, record, &stored.protocol).map(Arc::new));
        let mut decoded = decoded.collect::<Result<Vec<_>, _>>()?;
        decoded.sort_by_key(|answer| {
            let asked = attempts.iter();
            asked
                .enumerate()
                .position(|(_, asked)| *asked == answer.attempt)
        });
        Ok(decoded)
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        let change = change(replacement)?;
        let timing = self.standing.timing();
        self.ask(self.records.replace(&change, timing)).await
    }

    async fn due(&self, after: Option<&DuePosition>, limit: usize) -> Result<Due, StoreError> {
        let timing = self.standing.timing();
        let due = self.read(|| self.records.due(after, limit, timing)).await?;
        let (positions, shown) = due;
        Ok(Due {
            positions,
            now: self.standing.has_shown(shown),
        })
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        self.read(|| self.records.find(query, limit)).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.read(|| self.records.census()).await
    }
}
