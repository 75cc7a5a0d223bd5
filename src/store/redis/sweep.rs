//! What is due, by the index and confirmed by each record. A hint that does not agree with its
//! record is repaired when it is met here.

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;
use redis::{Cmd, cmd};

use super::RedisRecords;
use super::fields::number;
use super::keys;
use super::read::{read, tick};
use super::script::{self, Call};
use super::trouble::Trouble;
use super::unsettled::Doubtful;
use crate::store::records::Timing;
use crate::store::stored::DuePosition;

/// Where the index has a flow.
struct Hint {
    /// As the index writes it.
    score: Vec<u8>,
    handle: FlowHandle,
}

impl RedisRecords {
    pub(super) async fn due_flows(
        &self,
        after: Option<&DuePosition>,
        limit: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), Trouble> {
        let mut due = Vec::new();
        let mut from = after.map(|after| {
            let member = after.handle.as_str().as_bytes().to_vec();
            (after.due.0.to_string().into_bytes(), member)
        });
        loop {
            let most = limit.saturating_sub(due.len());
            let (shown, found) = self.hints_of_due(from.as_ref(), most, timing).await?;
            let is_last = found.len() < most;
            let Some((score, member)) = found.last().cloned() else {
                return Ok((due, shown));
            };
            let hints = found.into_iter().filter_map(|(score, member)| {
                let handle = FlowHandle::parse(std::str::from_utf8(&member).ok()?)?;
                Some(Hint { score, handle })
            });
            let hints: Vec<Hint> = hints.collect();
            let last = position(&score, &member);
            let confirmed = self.confirmed(&hints).await?;
            due.extend(confirmed.into_iter().filter(|position| {
                // One that belongs further on is met there.
                let is_here = last.as_ref().is_none_or(|last| position <= last);
                is_here && after.is_none_or(|after| position > after)
            }));
            if is_last || due.len() >= limit {
                due.sort();
                return Ok((due, shown));
            }
            from = Some((score, member));
        }
    }

    async fn hints_of_due(
        &self,
        from: Option<&(Vec<u8>, Vec<u8>)>,
        most: usize,
        timing: Timing,
    ) -> Result<(Tick, Vec<(Vec<u8>, Vec<u8>)>), Trouble> {
        let mut call = Call::of(&script::DUE)
            .key(keys::DUE)
            .number(timing.floor.0)
            .number(u8::from(timing.server))
            .number(most);
        if let Some((score, member)) = from {
            call = call.argument(score.clone()).argument(member.clone());
        }
        let mut reply = self.link.call(&call).await?.into_iter();
        let shown = tick(reply.next().flatten().as_deref())?;
        Ok((shown, scored(reply)))
    }

    /// The positions that the records of these flows have; none for flows that are not stored.
    async fn confirmed(&self, hints: &[Hint]) -> Result<Vec<DuePosition>, Trouble> {
        let dues: Vec<Cmd> = hints.iter().map(|hint| due_of(&hint.handle)).collect();
        let dues = self.link.each(&dues).await?;
        let mut confirmed = Vec::new();
        for (hint, due) in hints.iter().zip(dues) {
            let handle = hint.handle.clone();
            let due: Option<Vec<u8>> = match due {
                Ok(due) => read(due)?,
                // Whoever reads the record tells that it is damaged.
                Err(trouble) if trouble.wrong_kind => Some(Vec::new()),
                Err(trouble) => return Err(trouble),
            };
            let Some(due) = due else {
                self.repair(&Doubtful::from(&handle)).await?;
                continue;
            };
            if due == hint.score {
                confirmed.extend(position(&due, handle.as_str().as_bytes()));
                continue;
            }
            match number(&due) {
                Some(due) => {
                    self.repair(&Doubtful::from(&handle)).await?;
                    confirmed.push(DuePosition {
                        due: Tick(due),
                        handle,
                    });
                }
                None => confirmed.extend(position(&hint.score, handle.as_str().as_bytes())),
            }
        }
        Ok(confirmed)
    }
}

fn due_of(handle: &FlowHandle) -> Cmd {
    let mut get = cmd("HGET");
    get.arg(keys::flow(handle)).arg("d");
    get
}

fn position(score: &[u8], member: &[u8]) -> Option<DuePosition> {
    Some(DuePosition {
        due: Tick(number(score)?),
        handle: FlowHandle::parse(std::str::from_utf8(member).ok()?)?,
    })
}

/// Members and scores, which stand the other way round, as pairs of score and member.
pub(super) fn scored(reply: impl Iterator<Item = Option<Vec<u8>>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut reply = reply.flatten();
    let mut pairs = Vec::new();
    while let (Some(member), Some(score)) = (reply.next(), reply.next()) {
        pairs.push((score, member));
    }
    pairs
}
