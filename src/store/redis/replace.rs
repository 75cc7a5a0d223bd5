//! The compare-and-set of one flow. The record decides; the index follows it, and is ahead of it
//! only where a due time comes nearer, so that nothing is swept late.

use std::time::Duration;

use integrator_core::flow::ids::{AttemptId, FlowHandle};

use super::RedisRecords;
use super::entry;
use super::fields::{self, number, unreadable};
use super::index::Put;
use super::keys;
use super::script::{self, Call};
use super::trouble::Trouble;
use crate::store::operations::{Replaced, StoreError};
use crate::store::records::{Change, NextRow, Timing};

/// What the script found and left, once the replacement is written.
struct Written {
    /// Bytes of answers held from now on.
    bytes: u64,
    due_before: Option<i64>,
    facts_before: Vec<u8>,
    bytes_before: u64,
    /// The digest of the start key.
    start: Option<String>,
}

impl RedisRecords {
    pub(super) async fn replace_flow(
        &self,
        change: &Change,
        timing: Timing,
    ) -> Result<Replaced, StoreError> {
        let handle = &change.handle;
        let watch = self.unsettled.watch(handle.into());
        let call = call(change, timing);
        let (hinted, reply) = match &change.next {
            None => (Vec::new(), self.link.call(&call).await),
            Some(next) => {
                let hints = Self::hints(handle, next.row.facts.due);
                match self.link.call_after(&hints, &call).await {
                    Ok((replies, reply)) => (times(replies), Ok(reply)),
                    Err(trouble) => (Vec::new(), Err(trouble)),
                }
            }
        };
        let reply = reply.map_err(|trouble| self.of_flow(handle, trouble))?;
        let written = match judged(handle, reply)? {
            Ok(written) => written,
            Err(refused) => {
                watch.settled();
                return Ok(refused);
            }
        };
        let followed = match &change.next {
            None => self.unindex(handle, &written).await,
            Some(next) => self.reindex(next, &written, hinted).await,
        };
        // It is written either way; an index that did not follow is repaired later.
        if followed.is_ok() {
            watch.settled();
        }
        Ok(Replaced::Done)
    }

    async fn reindex(
        &self,
        next: &NextRow,
        written: &Written,
        hinted: Vec<u8>,
    ) -> Result<(), Trouble> {
        let facts = fields::facts_text(&next.row.facts);
        let start = written.start.as_deref();
        let before = entry::text(&written.facts_before, written.bytes_before, start);
        let text = entry::text(facts.as_bytes(), written.bytes, start);
        let due = next.row.facts.due;
        let is_hinted = written.due_before.is_some_and(|before| due.0 <= before);
        if is_hinted && before == text {
            return Ok(());
        }
        let put = Put {
            handle: &next.row.handle,
            version: next.row.head.version,
            before,
            text,
            due,
            hinted,
            most: None,
        };
        self.put(put).await.map(drop)
    }

    async fn unindex(&self, handle: &FlowHandle, written: &Written) -> Result<(), Trouble> {
        let start = written.start.as_deref();
        let before = entry::text(&written.facts_before, written.bytes_before, start);
        if let Some(start) = start {
            self.release(start, handle).await?;
        }
        self.drop_entry(handle, before, Duration::ZERO).await?;
        Ok(())
    }

    /// The error of an operation on a flow's record.
    pub(super) fn of_flow(&self, handle: &FlowHandle, trouble: Trouble) -> StoreError {
        if trouble.wrong_kind {
            return unreadable(handle, "record", "its key holds something of another kind");
        }
        trouble.unavailable()
    }
}

fn call(change: &Change, timing: Timing) -> Call {
    let call = Call::of(&script::REPLACE)
        .key(keys::flow(&change.handle))
        .number(change.over)
        .argument(
            change
                .not_after
                .map(|end| end.0.to_string())
                .unwrap_or_default(),
        )
        .number(timing.floor.0)
        .number(u8::from(timing.server))
        .argument(change.fence.as_deref().unwrap_or_default());
    let Some(next) = &change.next else {
        return call;
    };
    // An answer that takes the place of one that is dropped stays.
    let added = next.answer.as_ref().map(|answer| &answer.attempt);
    let dropped = next
        .dropped
        .iter()
        .filter(|attempt| Some(*attempt) != added);
    let dropped: Vec<&str> = dropped.map(AttemptId::as_str).collect();
    let mut call = call.number(dropped.len());
    for attempt in dropped {
        call = call.argument(attempt);
    }
    let mut fields = fields::of_row(&next.row);
    fields.extend(next.answer.iter().flat_map(fields::of_answer));
    for (field, value) in fields {
        call = call.argument(field).argument(value);
    }
    call
}

/// What was written, or why nothing was.
fn judged(
    handle: &FlowHandle,
    reply: Vec<Option<Vec<u8>>>,
) -> Result<Result<Written, Replaced>, StoreError> {
    let mut reply = reply.into_iter();
    let word = reply.next().flatten().unwrap_or_default();
    let mut next = || reply.next().flatten();
    match word.as_slice() {
        b"conflict" => Ok(Err(Replaced::Conflict)),
        b"late" => Ok(Err(Replaced::TooLate)),
        b"damaged" => {
            let field = next().unwrap_or_default();
            let reason = format!("its field {} is damaged", String::from_utf8_lossy(&field));
            Err(unreadable(handle, "record", &reason))
        }
        b"done" => {
            let bytes = next().as_deref().and_then(number).unwrap_or_default();
            Ok(Ok(Written {
                bytes,
                due_before: next().as_deref().and_then(number),
                facts_before: next().unwrap_or_default(),
                bytes_before: next().as_deref().and_then(number).unwrap_or_default(),
                start: next().map(|key| keys::digest_of(&key)),
            }))
        }
        _ => Err(Trouble::reply("no word of a flow that was to be replaced").unavailable()),
    }
}

/// How often a due time was hinted, as the index writes it; empty where the reply does not tell.
fn times(replies: Vec<redis::Value>) -> Vec<u8> {
    let last = replies.into_iter().last();
    let times = last.and_then(|times| redis::from_redis_value::<u64>(times).ok());
    times
        .map(|times| times.to_string().into_bytes())
        .unwrap_or_default()
}
