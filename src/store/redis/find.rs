//! Flows that a query takes, by the narrowest set of the index and confirmed by each record; and
//! counts over all flows.

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;
use redis::{Cmd, cmd};

use super::RedisRecords;
use super::fields::{self, number};
use super::keys;
use super::read::read;
use super::script::{self, Call};
use super::sweep::scored;
use super::trouble::Trouble;
use super::unsettled::Doubtful;
use crate::store::operations::{Census, StateCensus};
use crate::store::stored::{Order, Position, Query};

/// Fewest flows that are looked at in one go.
const FEWEST: usize = 16;

impl RedisRecords {
    pub(super) async fn find_flows(
        &self,
        query: &Query,
        limit: usize,
    ) -> Result<Vec<Position>, Trouble> {
        let sets = self.narrowest(query).await?;
        let mut found = Vec::new();
        let mut after = query.after.clone();
        if sets.is_empty() {
            return Ok(found);
        }
        while found.len() < limit {
            let most = (limit - found.len()).max(FEWEST);
            let mut positions = self.range(&sets, query, after.as_ref(), most).await?;
            let is_last = positions.len() < most;
            query.order.sort(&mut positions);
            positions.truncate(most);
            after = positions.last().cloned();
            found.extend(self.taken(query, positions).await?);
            if is_last {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Sets of the index, none of which has a flow of another, that together have every flow
    /// that the query takes.
    async fn narrowest(&self, query: &Query) -> Result<Vec<String>, Trouble> {
        let by_id = query.flow_id.as_ref().map(keys::with_flow_id);
        let by_id = by_id.or_else(|| query.verify_run_id.as_ref().map(keys::with_verify_run));
        let by_id = by_id.or_else(|| query.correlation_id.as_deref().map(keys::with_correlation));
        if let Some(set) = by_id {
            return Ok(vec![set]);
        }
        let pairs = self.pairs().await?;
        let taken = pairs.iter().filter(|(protocol, state)| {
            query
                .protocol
                .as_deref()
                .is_none_or(|wanted| wanted == protocol)
                && query.state.as_deref().is_none_or(|wanted| wanted == state)
        });
        Ok(taken
            .map(|(protocol, state)| keys::in_state(&keys::pair(protocol, state)))
            .collect())
    }

    async fn pairs(&self) -> Result<Vec<(String, String)>, Trouble> {
        let mut get = cmd("SMEMBERS");
        get.arg(keys::PAIRS);
        let pairs: Vec<String> = read(self.link.ask(&get).await?)?;
        let pairs = pairs.iter().filter_map(|pair| pair.split_once('/'));
        let mut pairs: Vec<_> = pairs
            .map(|(protocol, state)| (protocol.to_owned(), state.to_owned()))
            .collect();
        pairs.sort();
        Ok(pairs)
    }

    /// The first `most` of each set, in the query's order.
    async fn range(
        &self,
        sets: &[String],
        query: &Query,
        after: Option<&Position>,
        most: usize,
    ) -> Result<Vec<Position>, Trouble> {
        let before = query.issued_before_ms;
        let before = before.map_or_else(|| "+inf".to_owned(), |before| format!("({before}"));
        let mut call = Call::of(&script::RANGE)
            .keys(sets.iter().map(String::as_str))
            .number(most)
            .argument(before)
            .number(u8::from(query.order == Order::NewestFirst));
        if let Some(after) = after {
            call = call.number(after.issued_ms).argument(after.handle.as_str());
        }
        let found = scored(self.link.call(&call).await?.into_iter());
        let position = |(score, member): (Vec<u8>, Vec<u8>)| {
            Some(Position {
                issued_ms: number(&score)?,
                handle: FlowHandle::parse(std::str::from_utf8(&member).ok()?)?,
            })
        };
        Ok(found.into_iter().filter_map(position).collect())
    }

    /// Those of the flows whose record the query takes. The others are remembered for repair.
    async fn taken(
        &self,
        query: &Query,
        positions: Vec<Position>,
    ) -> Result<Vec<Position>, Trouble> {
        let facts = |position: &Position| {
            let mut get = cmd("HGET");
            get.arg(keys::flow(&position.handle)).arg("f");
            get
        };
        let commands: Vec<Cmd> = positions.iter().map(facts).collect();
        let records = self.link.each(&commands).await?;
        let mut taken = Vec::new();
        for (position, record) in positions.into_iter().zip(records) {
            let text: Option<Vec<u8>> = match record {
                Ok(text) => read(text)?,
                Err(trouble) if trouble.wrong_kind => Some(Vec::new()),
                Err(trouble) => return Err(trouble),
            };
            let facts = text.as_deref().map(|text| fields::facts(text, Tick(0)));
            let (fits, agrees) = match facts {
                None => (false, false),
                // Whoever reads the record tells that it is damaged.
                Some(None) => (true, true),
                Some(Some(facts)) => {
                    let agrees = facts.issued_ms == position.issued_ms;
                    let fits = query.takes(&facts);
                    // By an id or a state, the set itself should have known.
                    (fits && agrees, agrees && (fits || by_id(query)))
                }
            };
            if !agrees {
                self.unsettled.add(Doubtful::from(&position.handle));
            }
            if fits {
                taken.push(position);
            }
        }
        Ok(taken)
    }

    pub(super) async fn count(&self) -> Result<Census, Trouble> {
        let pairs = self.pairs().await?;
        let sets = pairs
            .iter()
            .map(|(protocol, state)| keys::in_state(&keys::pair(protocol, state)));
        let call = Call::of(&script::CENSUS)
            .keys([keys::HANDLES, keys::COUNTS])
            .keys(sets);
        let mut reply = self.link.call(&call).await?.into_iter();
        let mut count = || -> u64 {
            let counted: Option<i64> = reply.next().flatten().as_deref().and_then(number);
            counted
                .and_then(|counted| counted.try_into().ok())
                .unwrap_or_default()
        };
        let (flows, terminal, bytes) = (count(), count(), count());
        let mut states = Vec::new();
        for (protocol, state) in pairs {
            let flows = reply.next().flatten();
            let oldest = reply.next().flatten();
            states.push(StateCensus {
                protocol: protocol.into(),
                state: state.into(),
                flows: flows.as_deref().and_then(number).unwrap_or_default(),
                oldest_issued_ms: oldest.as_deref().and_then(number),
            });
        }
        Ok(Census {
            flows,
            terminal,
            bytes,
            states,
        })
    }
}

/// Whether the query goes by the set of one id, which other parts of it may narrow further.
fn by_id(query: &Query) -> bool {
    query.flow_id.is_some() || query.verify_run_id.is_some() || query.correlation_id.is_some()
}
