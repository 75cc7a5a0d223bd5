//! Reading flows: their heads, their answers, and all of them whole.

use std::collections::BTreeMap;

use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use redis::{Cmd, Value, cmd};

use super::RedisRecords;
use super::fields::{self, number, unreadable};
use super::keys;
use super::script::{self, Call};
use super::trouble::Trouble;
use crate::store::operations::StoreError;
use crate::store::records::{Answer, Head, ReadHead, Timing, Whole};
use crate::store::stored::StartKey;

impl RedisRecords {
    pub(super) async fn load_head(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError> {
        let call = Call::of(&script::LOAD)
            .key(keys::flow(handle))
            .number(timing.floor.0)
            .number(u8::from(timing.server));
        let reply = self.link.call(&call).await;
        let mut reply = reply
            .map_err(|trouble| self.of_flow(handle, trouble))?
            .into_iter();
        let shown = tick(reply.next().flatten().as_deref()).map_err(Trouble::unavailable)?;
        let mut next = || reply.next().flatten();
        let head = fields::head(handle, [next(), next(), next(), next()])?;
        Ok((head, shown))
    }

    /// The heads of several flows, all asked for in one go.
    pub(super) async fn load_heads(
        &self,
        handles: &[FlowHandle],
    ) -> Result<Vec<ReadHead>, StoreError> {
        let fields = |handle| {
            let mut get = cmd("HMGET");
            get.arg(keys::flow(handle)).arg(&["v", "s", "t", "x"]);
            get
        };
        let commands: Vec<Cmd> = handles.iter().map(fields).collect();
        let replies = self.link.each(&commands).await;
        let replies = replies.map_err(Trouble::unavailable)?;
        let head = |(handle, reply): (&FlowHandle, Result<Value, Trouble>)| {
            let found = reply.and_then(read);
            let found = found.map_err(|trouble| self.of_flow(handle, trouble));
            match found.and_then(|found| fields::head(handle, found)) {
                Err(error @ StoreError::Unavailable { .. }) => Err(error),
                head => Ok(head),
            }
        };
        handles.iter().zip(replies).map(head).collect()
    }

    pub(super) async fn load_answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = cmd("HMGET");
        get.arg(keys::flow(handle));
        for attempt in attempts {
            get.arg(fields::answer_field(attempt))
                .arg(fields::body_field(attempt));
        }
        let found = self.link.ask(&get).await;
        let found = found.map_err(|trouble| self.of_flow(handle, trouble))?;
        let found: Vec<Option<Vec<u8>>> = read(found).map_err(Trouble::unavailable)?;
        let mut found = found.into_iter();
        let mut answers = Vec::new();
        for attempt in attempts {
            let (kept, body) = (found.next().flatten(), found.next().flatten());
            if kept.is_none() && body.is_none() {
                continue;
            }
            let kept = kept.unwrap_or_default();
            answers.push(fields::answer(handle, attempt, &kept, body)?);
        }
        Ok(answers)
    }

    pub(super) async fn page_of_flows(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        let mut from = after.map_or_else(|| "-".to_owned(), beyond);
        let mut page = Vec::new();
        while page.len() < limit {
            let most = limit - page.len();
            let mut get = cmd("ZRANGE");
            get.arg(keys::HANDLES)
                .arg(from.as_str())
                .arg("+")
                .arg("BYLEX");
            get.arg("LIMIT").arg(0).arg(most);
            let found = self.link.ask(&get).await.map_err(Trouble::unavailable)?;
            let found: Vec<String> = read(found).map_err(Trouble::unavailable)?;
            let is_last = found.len() < most;
            for text in found {
                from = format!("({text}");
                // What is no handle was not written by this program and has no flow.
                if let Some(handle) = FlowHandle::parse(&text) {
                    page.extend(self.whole(handle).await?);
                }
            }
            if is_last {
                break;
            }
        }
        Ok(page)
    }

    async fn whole(&self, handle: FlowHandle) -> Result<Option<Whole>, StoreError> {
        let mut get = cmd("HGETALL");
        get.arg(keys::flow(&handle));
        let found = self.link.ask(&get).await;
        let found = found.map_err(|trouble| self.of_flow(&handle, trouble))?;
        let mut found: BTreeMap<Vec<u8>, Vec<u8>> = read(found).map_err(Trouble::unavailable)?;
        let mut take = |field: &[u8]| found.remove(field);
        let head = fields::head(&handle, [take(b"v"), take(b"s"), take(b"t"), take(b"x")])?;
        let Some(head) = head else {
            return Ok(None);
        };
        let key = match take(b"k").map(String::from_utf8) {
            Some(Ok(key)) => Some(StartKey(key.into())),
            Some(Err(_)) => return Err(unreadable(&handle, "start key", "it is damaged")),
            None => None,
        };
        let mut answers = Vec::new();
        for (field, kept) in &found {
            let Some(attempt) = field.strip_prefix(b"a:") else {
                continue;
            };
            let attempt = std::str::from_utf8(attempt)
                .map_err(|_| unreadable(&handle, "answers", "an attempt's name is damaged"))?;
            let attempt = AttemptId::new(attempt);
            let body = found.get(fields::body_field(&attempt).as_bytes()).cloned();
            answers.push(fields::answer(&handle, &attempt, kept, body)?);
        }
        Ok(Some(Whole {
            handle,
            head,
            key,
            answers,
        }))
    }
}

fn beyond(handle: &FlowHandle) -> String {
    format!("({}", handle.as_str())
}

/// A reply as what it is expected to be.
pub(super) fn read<T: redis::FromRedisValue>(reply: Value) -> Result<T, Trouble> {
    Ok(redis::from_redis_value(reply)?)
}

/// An instant that a script told.
pub(super) fn tick(told: Option<&[u8]>) -> Result<Tick, Trouble> {
    let tick = told.and_then(number);
    tick.map(Tick).ok_or_else(|| Trouble::reply("no instant"))
}
