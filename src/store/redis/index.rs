//! The index: hints that lead to flows, each a step behind or ahead of the records at most. What
//! a record says is decided there; here it is brought up to date.

use std::time::Duration;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;
use redis::{Cmd, Value, cmd};

use super::RedisRecords;
use super::entry::{self, Entry};
use super::fields::{self, number};
use super::keys;
use super::script::{self, Call};
use super::trouble::Trouble;
use super::unsettled::Doubtful;

/// How often the index is looked at again when it has something else than was thought.
const TRIES: usize = 5;
/// How many flows are looked at in one go.
const AT_ONCE: usize = 32;

/// What the index is to have of a flow.
pub(super) struct Put<'a> {
    pub(super) handle: &'a FlowHandle,
    pub(super) version: u64,
    /// The text that the index is thought to have; empty for nothing.
    pub(super) before: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) due: Tick,
    /// How often the due time had been hinted when the record was read; empty where that was not
    /// asked: the hint is not made later then.
    pub(super) hinted: Vec<u8>,
    /// How many flows there may be.
    pub(super) most: Option<u64>,
}

/// What became of it.
pub(super) enum Placed {
    /// The index has it, since this instant of the server's clock.
    Done(i64),
    /// The index knows of a later record.
    Newer,
    /// So many flows are stored.
    Full,
}

impl RedisRecords {
    /// Brings the index to what a flow's record says.
    pub(super) async fn put(&self, mut put: Put<'_>) -> Result<Placed, Trouble> {
        let after = Entry::of(&put.text);
        let facts = after.facts.as_ref();
        let facts = facts.ok_or_else(|| Trouble::new("a flow has facts that cannot be read"))?;
        for _ in 0..TRIES {
            let sets = Entry::of(&put.before).sets();
            let call = Call::of(&script::PUT)
                .keys([keys::HANDLES, keys::DUE, keys::ENTRIES])
                .keys([keys::HINTS, keys::COUNTS, keys::PAIRS])
                .keys(sets.clone())
                .keys(keys::sets(facts))
                .argument(put.handle.as_str())
                .number(put.version)
                .argument(put.before.clone())
                .argument(put.text.clone())
                .number(put.due.0)
                .number(facts.issued_ms)
                .argument(put.hinted.clone())
                .argument(put.most.map(|most| most.to_string()).unwrap_or_default())
                .number(sets.len())
                .argument(keys::pair(&facts.protocol, &facts.state));
            let mut reply = self.link.call(&call).await?.into_iter().flatten();
            let word = reply.next();
            match (word.as_deref(), reply.next()) {
                (Some(b"done"), Some(time)) => {
                    let time = number(&time).ok_or_else(|| Trouble::reply("no time"))?;
                    return Ok(Placed::Done(time));
                }
                (Some(b"newer"), _) => return Ok(Placed::Newer),
                (Some(b"full"), _) => return Ok(Placed::Full),
                (Some(b"other"), Some(before)) => put.before = before,
                _ => return Err(Trouble::reply("no word of the index")),
            }
        }
        Err(Trouble::new("the index of a flow changes all the time"))
    }

    /// Takes a flow that is not stored out of the index; `false` where its entry is younger than
    /// `age`, and is left alone.
    pub(super) async fn drop_entry(
        &self,
        handle: &FlowHandle,
        mut before: Vec<u8>,
        age: Duration,
    ) -> Result<bool, Trouble> {
        for _ in 0..TRIES {
            let call = Call::of(&script::DROP)
                .keys([keys::HANDLES, keys::DUE, keys::ENTRIES])
                .keys([keys::HINTS, keys::COUNTS])
                .keys(Entry::of(&before).sets())
                .argument(handle.as_str())
                .argument(before.clone())
                .number(age.as_millis());
            let mut reply = self.link.call(&call).await?.into_iter().flatten();
            let word = reply.next();
            match (word.as_deref(), reply.next()) {
                (Some(b"done"), _) => return Ok(true),
                (Some(b"young"), _) => return Ok(false),
                (Some(b"other"), Some(stored)) => before = stored,
                _ => return Err(Trouble::reply("no word of the index")),
            }
        }
        Err(Trouble::new("the index of a flow changes all the time"))
    }

    /// A start key no longer names this flow.
    pub(super) async fn release(&self, digest: &str, handle: &FlowHandle) -> Result<(), Trouble> {
        let call = Call::of(&script::RELEASE)
            .key(keys::start(digest))
            .argument(handle.as_str());
        self.link.call(&call).await.map(drop)
    }

    /// The start key that waits for this flow names it from now on; `false` where it names
    /// another one, or none.
    pub(super) async fn confirm(&self, digest: &str, handle: &FlowHandle) -> Result<bool, Trouble> {
        let call = Call::of(&script::CONFIRM)
            .key(keys::start(digest))
            .argument(handle.as_str());
        let reply = self.link.call(&call).await?;
        Ok(reply.into_iter().flatten().next().as_deref() == Some(b"1"))
    }

    /// Commands that hint at a flow's due time before its record has it; the second one's reply
    /// tells how often that was done.
    pub(super) fn hints(handle: &FlowHandle, due: Tick) -> [Cmd; 2] {
        let mut earlier = cmd("ZADD");
        earlier
            .arg(keys::DUE)
            .arg("LT")
            .arg(due.0)
            .arg(handle.as_str());
        let mut count = cmd("HINCRBY");
        count.arg(keys::HINTS).arg(handle.as_str()).arg(1);
        [earlier, count]
    }

    /// Makes the index agree with what is stored of a flow. What it has is read before the
    /// record is, so that whatever comes in between is not undone.
    pub(super) async fn repair(&self, flow: &Doubtful) -> Result<(), Trouble> {
        let handle = &flow.handle;
        let call = Call::of(&script::ENTRY)
            .keys([keys::ENTRIES, keys::HINTS])
            .argument(handle.as_str());
        let mut reply = self.link.call(&call).await?.into_iter();
        let hinted = reply.next().flatten().unwrap_or_default();
        let before = reply.next().flatten();
        let age: Option<u64> = reply.next().flatten().as_deref().and_then(number);
        let mut fields = cmd("HMGET");
        fields
            .arg(keys::flow(handle))
            .arg(&["v", "d", "f", "b", "k"]);
        let found: Value = self.link.ask(&fields).await?;
        let [version, due, facts, bytes, key]: [Option<Vec<u8>>; 5] =
            redis::from_redis_value(found)?;
        let Some(version) = version else {
            return self.forget(flow, before, age).await;
        };
        let start = key.map(|key| keys::digest_of(&key));
        let read = (
            number(&version),
            due.as_deref().and_then(number),
            bytes.as_deref().and_then(number),
        );
        let ((Some(version), Some(due), Some(bytes)), Some(facts)) = (read, facts) else {
            // The record is damaged: whoever reads it will tell.
            return Ok(());
        };
        if fields::facts(&facts, Tick(due)).is_none() {
            return Ok(());
        }
        let put = Put {
            handle,
            version,
            before: before.unwrap_or_default(),
            text: entry::text(&facts, bytes, start.as_deref()),
            due: Tick(due),
            hinted,
            most: None,
        };
        self.put(put).await?;
        if let Some(start) = start {
            self.confirm(&start, handle).await?;
        }
        Ok(())
    }

    /// Removes every trace of a flow that is not stored, unless it may still be about to be.
    async fn forget(
        &self,
        flow: &Doubtful,
        before: Option<Vec<u8>>,
        age: Option<u64>,
    ) -> Result<(), Trouble> {
        let handle = &flow.handle;
        let before = before.unwrap_or_default();
        let old = self.settled_after();
        if age.is_some_and(|age| u128::from(age) < old.as_millis()) {
            self.unsettled.add(flow.clone());
            return Ok(());
        }
        if let Some(start) = Entry::of(&before).start.or_else(|| flow.start.clone()) {
            self.release(&start, handle).await?;
        }
        self.drop_entry(handle, before, old).await?;
        Ok(())
    }

    /// Repairs some of what this process knows to be in disagreement.
    pub(super) async fn repair_some(&self) {
        let taken = self.unsettled.take(AT_ONCE);
        // All of them are watched over from now on, those included that are not come to.
        let watched: Vec<_> = taken
            .iter()
            .map(|flow| (flow, self.unsettled.watch(flow.clone())))
            .collect();
        for (flow, watch) in watched {
            if self.repair(flow).await.is_ok() {
                watch.settled();
            }
        }
    }
}
