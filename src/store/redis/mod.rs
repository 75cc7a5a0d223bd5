//! Flows in Redis, one server or a cluster, shared by any number of processes.
//!
//! A flow with its answers is one key, and each operation on it one script: that decides. The
//! index is other keys, in one slot of their own, and holds hints: it is written before a flow
//! is stored and before its due time comes nearer, and after everything else, so that whatever
//! ends in between leaves hints that lead nowhere or too early. These are repaired when they are
//! met.

mod create;
mod entry;
mod fields;
mod find;
mod fitness;
mod index;
mod keys;
mod link;
mod read;
mod replace;
mod script;
mod sweep;
mod trouble;
mod unsettled;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use redis::{Client, cmd};

use self::link::Link;
use self::script::Call;
use self::trouble::Trouble;
use self::unsettled::Unsettled;
use super::operations::{Census, Created, PrepareError, Prepared, Replaced, StoreError};
use super::records::{Answer, Change, Head, ReadHead, Records, Row, Timing, Whole};
use super::stored::{DuePosition, Position, Query, StartKey};

/// A server or cluster, as a process knows it.
pub(super) struct RedisServer {
    client: Client,
    patience: Duration,
    unsettled: Arc<Unsettled>,
}

impl RedisServer {
    /// The one that the URL names, and how long an operation may take. Nothing is reached yet.
    ///
    /// # Errors
    ///
    /// Why the URL names none; never with the URL.
    pub(super) fn at(url: &str, patience: Duration) -> Result<Self, String> {
        let client = Client::open(url);
        let client =
            client.map_err(|error| format!("the store's URL is not one of Redis: {error}"))?;
        Ok(Self {
            client,
            patience,
            unsettled: Arc::default(),
        })
    }
}

/// The records of one server or cluster, as one runtime reaches them.
pub(super) struct RedisRecords {
    link: Link,
    /// How long an operation may take.
    patience: Duration,
    /// Shared by all runtimes of the process.
    unsettled: Arc<Unsettled>,
}

impl RedisRecords {
    /// Of a server, for the runtime that will ask.
    pub(super) fn of(server: &RedisServer) -> Self {
        Self {
            link: Link::to(server.client.clone(), server.patience),
            patience: server.patience,
            unsettled: server.unsettled.clone(),
        }
    }

    /// How long after an operation has begun nothing of it can happen any more: what it wrote
    /// down as about to come has come by then or will not.
    fn settled_after(&self) -> Duration {
        // Twice for the operation itself, whose last command may wait as long in the server; once
        // for whoever looks; and once for clocks that differ within a cluster.
        self.patience * 4
    }

    async fn tell(&self, call: Call, timing: Timing) -> Result<Tick, StoreError> {
        let call = call
            .key(keys::CLOCK)
            .number(timing.floor.0)
            .number(u8::from(timing.server));
        let reply = self.link.call(&call).await.map_err(Trouble::unavailable)?;
        let shown = reply.into_iter().next().flatten();
        read::tick(shown.as_deref()).map_err(Trouble::unavailable)
    }
}

#[async_trait]
impl Records for RedisRecords {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn prepare(&self) -> Result<(Prepared, Option<Tick>), PrepareError> {
        self.make_ready().await
    }

    async fn beat(&self, timing: Timing) -> Result<Tick, StoreError> {
        let shown = self.tell(Call::of(&script::BEAT), timing).await?;
        self.repair_some().await;
        Ok(shown)
    }

    async fn now(&self, timing: Timing) -> Result<Tick, StoreError> {
        self.tell(Call::of(&script::NOW), timing).await
    }

    async fn keep_definition(&self, digest: &str, text: &str) -> Result<(), StoreError> {
        let mut set = cmd("SET");
        set.arg(keys::definition(digest)).arg(text);
        let kept = self.link.ask(&set).await;
        kept.map(drop).map_err(Trouble::unavailable)
    }

    async fn definition(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let mut get = cmd("GET");
        get.arg(keys::definition(digest));
        let text = self.link.ask(&get).await.map_err(Trouble::unavailable)?;
        let text: Option<Vec<u8>> = read::read(text).map_err(Trouble::unavailable)?;
        // What is no text any more does not fit its digest either, which is told by whoever
        // compares them.
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    async fn create(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        max_flows: u64,
    ) -> Result<Created, StoreError> {
        self.create_flow(row, key, max_flows).await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        let named = self.named(&keys::start_digest(key)).await;
        named.map_err(Trouble::unavailable)
    }

    async fn load(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError> {
        self.load_head(handle, timing).await
    }

    async fn load_all(
        &self,
        handles: &[FlowHandle],
        timing: Timing,
    ) -> Result<(Vec<ReadHead>, Tick), StoreError> {
        let now = self.tell(Call::of(&script::NOW), timing).await?;
        Ok((self.load_heads(handles).await?, now))
    }

    async fn answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError> {
        self.load_answers(handle, attempts).await
    }

    async fn replace(&self, change: &Change, timing: Timing) -> Result<Replaced, StoreError> {
        self.replace_flow(change, timing).await
    }

    async fn due(
        &self,
        after: Option<&DuePosition>,
        limit: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), StoreError> {
        let due = self.due_flows(after, limit, timing).await;
        due.map_err(Trouble::unavailable)
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        let found = self.find_flows(query, limit).await;
        found.map_err(Trouble::unavailable)
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.count().await.map_err(Trouble::unavailable)
    }

    async fn page(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        self.page_of_flows(after, limit).await
    }

    async fn carry(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError> {
        self.carry_flow(row, key, answers).await
    }
}
