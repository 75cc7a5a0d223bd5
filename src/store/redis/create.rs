//! Storing a flow that is new here. The start key is taken first, then a place in the index, then
//! the flow is written, and last the start key is confirmed: a process that ends in between
//! leaves names and hints that lead nowhere, never a flow that nothing leads to.

use std::time::Duration;

use integrator_core::flow::ids::FlowHandle;
use redis::{Value, cmd};
use tokio::time::{Instant, sleep};

use super::RedisRecords;
use super::entry;
use super::fields::{self, Field};
use super::index::{Placed, Put};
use super::keys;
use super::script::{self, Call};
use super::trouble::Trouble;
use super::unsettled::Doubtful;
use crate::store::operations::{Created, StoreError};
use crate::store::records::{Answer, Row};
use crate::store::stored::StartKey;

/// How long a name that nobody confirms stays.
const WAITING: Duration = Duration::from_secs(3600);
const FIRST_WAIT: Duration = Duration::from_millis(4);
const LONGEST_WAIT: Duration = Duration::from_millis(64);

/// A flow with all that is written of it at once.
struct New<'a> {
    row: &'a Row,
    fields: Vec<Field>,
    bytes: u64,
    /// The digest of its start key.
    start: Option<String>,
}

/// What became of writing it.
enum Inserted {
    Done,
    Taken,
    Late,
}

/// What a start key names.
enum Name {
    /// The new flow.
    Ours,
    /// A flow that is stored.
    Of(FlowHandle),
    /// A flow that another creation has not stored yet.
    Waiting,
}

impl RedisRecords {
    pub(super) async fn create_flow(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        most: u64,
    ) -> Result<Created, StoreError> {
        let new = New::of(row, key, &[]);
        self.store_new(&new, Some(most)).await
    }

    pub(super) async fn carry_flow(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError> {
        let stored = self.is_stored(&row.handle).await;
        if stored.map_err(Trouble::unavailable)? {
            return Ok(false);
        }
        let new = New::of(row, key, answers);
        Ok(self.store_new(&new, None).await? == Created::Created)
    }

    async fn store_new(&self, new: &New<'_>, most: Option<u64>) -> Result<Created, StoreError> {
        let watch = self.unsettled.watch(Doubtful {
            handle: new.row.handle.clone(),
            start: new.start.clone(),
        });
        let stored = self.store_in_steps(new, most).await;
        let (created, settled) = stored.map_err(Trouble::unavailable)?;
        if settled {
            watch.settled();
        }
        Ok(created)
    }

    /// What became of it, and whether that leaves nothing to clear up.
    async fn store_in_steps(
        &self,
        new: &New<'_>,
        most: Option<u64>,
    ) -> Result<(Created, bool), Trouble> {
        let handle = &new.row.handle;
        if let Some(start) = &new.start {
            match self.take_name(start, handle).await? {
                Name::Ours => {}
                Name::Of(existing) => return Ok((Created::Existing(existing), true)),
                Name::Waiting => return Ok((Created::Busy, true)),
            }
        }
        let Some(since) = self.take_place(new, most).await? else {
            if let Some(start) = &new.start {
                self.release(start, handle).await?;
            }
            let most = most.unwrap_or_default();
            let full = format!("flows.max ({most}) flows are stored");
            return Ok((Created::Full(full), true));
        };
        match self.insert(new, since).await? {
            Inserted::Done => {}
            Inserted::Taken if most.is_none() => {
                if let Some(start) = &new.start {
                    self.release(start, handle).await?;
                }
                return Ok((Created::Existing(handle.clone()), false));
            }
            Inserted::Taken => return Err(Trouble::new("another flow has this handle")),
            Inserted::Late => return Err(Trouble::new("Redis took too long to store a flow")),
        }
        let Some(start) = &new.start else {
            return Ok((Created::Created, true));
        };
        if self.confirm(start, handle).await? {
            return Ok((Created::Created, true));
        }
        // The name was taken over or is gone: this flow is not the one that the key starts.
        self.remove_new(new).await?;
        match self.named(start).await? {
            Some(existing) => Ok((Created::Existing(existing), true)),
            None => Err(Trouble::new(
                "a start key was taken away while its flow was stored",
            )),
        }
    }

    /// Lets the start key name the new flow, or tells what it names.
    async fn take_name(&self, start: &str, handle: &FlowHandle) -> Result<Name, Trouble> {
        let (mut dead, mut seen) = (Vec::new(), b"0".to_vec());
        // Time that calls take counts too: the answer has to come within the patience.
        let end = Instant::now() + self.patience * 4 / 5;
        let mut wait = FIRST_WAIT;
        loop {
            let call = Call::of(&script::NAME)
                .key(keys::start(start))
                .argument(handle.as_str())
                .number(WAITING.as_millis())
                .argument(dead.clone())
                .number(self.settled_after().as_millis())
                .argument(seen)
                .number(self.patience.as_millis());
            let mut reply = self.link.call(&call).await?.into_iter().flatten();
            let (Some(named), Some(time)) = (reply.next(), reply.next()) else {
                return Ok(Name::Ours);
            };
            seen = time;
            let waiting = named.starts_with(b"?");
            let other = handle_in(&named);
            if other.as_ref() == Some(handle) {
                return Ok(Name::Ours);
            }
            if let Some(other) = other
                && self.is_stored(&other).await?
            {
                if waiting {
                    self.confirm(start, &other).await?;
                }
                return Ok(Name::Of(other));
            }
            if waiting && Instant::now() >= end {
                return Ok(Name::Waiting);
            }
            let again = dead == named;
            dead = named;
            if waiting && again {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }

    /// Takes a place in the index: since when the server knows of it, or none where all are
    /// taken.
    async fn take_place(&self, new: &New<'_>, most: Option<u64>) -> Result<Option<i64>, Trouble> {
        let facts = fields::facts_text(&new.row.facts);
        let put = Put {
            handle: &new.row.handle,
            version: new.row.head.version,
            before: Vec::new(),
            text: entry::text(facts.as_bytes(), new.bytes, new.start.as_deref()),
            due: new.row.facts.due,
            hinted: Vec::new(),
            most,
        };
        match self.put(put).await? {
            Placed::Done(since) => Ok(Some(since)),
            Placed::Full => Ok(None),
            Placed::Newer => Err(Trouble::new("another flow has this handle")),
        }
    }

    async fn insert(&self, new: &New<'_>, since: i64) -> Result<Inserted, Trouble> {
        // Once it is too late, names and hints of it may be taken away.
        let patience = i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX);
        let mut call = Call::of(&script::INSERT)
            .key(keys::flow(&new.row.handle))
            .number(since.saturating_add(patience));
        for (field, value) in &new.fields {
            call = call.argument(field.as_str()).argument(value.clone());
        }
        let mut reply = self.link.call(&call).await?.into_iter().flatten();
        match reply.next().as_deref() {
            Some(b"done") => Ok(Inserted::Done),
            Some(b"late") => Ok(Inserted::Late),
            Some(b"there") => {
                let is_this = reply.eq([
                    new.row.head.version.to_string().into_bytes(),
                    new.row.head.sealed.seal.to_vec(),
                ]);
                Ok(if is_this {
                    Inserted::Done
                } else {
                    Inserted::Taken
                })
            }
            _ => Err(Trouble::reply("no word of a flow that was to be stored")),
        }
    }

    async fn remove_new(&self, new: &New<'_>) -> Result<(), Trouble> {
        let handle = &new.row.handle;
        let mut remove = cmd("DEL");
        remove.arg(keys::flow(handle));
        self.link.ask(&remove).await?;
        self.drop_entry(handle, Vec::new(), Duration::ZERO).await?;
        Ok(())
    }

    /// The stored flow that a start key names.
    pub(super) async fn named(&self, start: &str) -> Result<Option<FlowHandle>, Trouble> {
        let mut get = cmd("GET");
        get.arg(keys::start(start));
        let named: Option<Vec<u8>> = redis::from_redis_value(self.link.ask(&get).await?)?;
        let Some(named) = named else {
            return Ok(None);
        };
        let Some(handle) = handle_in(&named) else {
            return Ok(None);
        };
        if !self.is_stored(&handle).await? {
            return Ok(None);
        }
        if named.starts_with(b"?") {
            self.confirm(start, &handle).await?;
        }
        Ok(Some(handle))
    }

    async fn is_stored(&self, handle: &FlowHandle) -> Result<bool, Trouble> {
        let mut exists = cmd("EXISTS");
        exists.arg(keys::flow(handle));
        let found: Value = self.link.ask(&exists).await?;
        Ok(redis::from_redis_value(found)?)
    }
}

impl<'a> New<'a> {
    fn of(row: &'a Row, key: Option<&StartKey>, answers: &[Answer]) -> Self {
        let bytes = answers.iter().map(|answer| answer.bytes).sum();
        let mut fields = fields::of_row(row);
        fields.push(("b".to_owned(), u64::to_string(&bytes).into()));
        fields.extend(key.map(|key| ("k".to_owned(), key.0.as_bytes().to_vec())));
        fields.extend(answers.iter().flat_map(fields::of_answer));
        Self {
            row,
            fields,
            bytes,
            start: key.map(keys::start_digest),
        }
    }
}

/// The handle that a start key's value names, be it confirmed or waiting.
fn handle_in(named: &[u8]) -> Option<FlowHandle> {
    let text = std::str::from_utf8(named).ok()?;
    FlowHandle::parse(text.trim_start_matches('?'))
}
