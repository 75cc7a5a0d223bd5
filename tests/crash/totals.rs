//! What a run came to, and whether it was one that could have broken anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;

use super::ledger::{Call, Ledger};
use super::protocol::Step;

/// Counts over one or more ledgers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    flows: usize,
    calls: usize,
    kills: usize,
    /// Kills of a process that had a call under way.
    kills_in_flight: usize,
    stops: usize,
    store_kills: usize,
    /// Steps of flows of which somebody was told.
    acknowledged: usize,
    replays: usize,
    lost_replies: usize,
    /// Claims that ended with their lease.
    lapsed: usize,
    /// Steps that were held after that, or after another unknown outcome.
    held: usize,
    /// Whole answers that were not recorded.
    dropped: usize,
    /// Of these, answers to a process that was stopped over them and lived on.
    fenced: usize,
    refusals: BTreeMap<String, usize>,
}

impl Totals {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let told = ledger.heard.iter().filter(|heard| heard.status == 200);
        let acknowledged: BTreeSet<(Option<&str>, Step)> = told
            .clone()
            .filter_map(|heard| Some((heard.flow.as_deref(), heard.step?)))
            .collect();
        let recorded: BTreeSet<&str> = ledger
            .found
            .iter()
            .flat_map(|found| found.answers.values().map(String::as_str))
            .collect();
        let dropped: Vec<&Call> = ledger
            .calls
            .iter()
            .filter(|call| call.is_recordable() && !recorded.contains(call.answer.as_str()))
            .collect();
        let mut refusals = BTreeMap::new();
        for code in ledger.heard.iter().filter_map(|heard| heard.code.clone()) {
            *refusals.entry(code).or_default() += 1;
        }
        let attempts = ledger.found.iter().flat_map(|found| &found.attempts);
        let held = ledger.heard.iter().filter_map(|heard| {
            let is_held = heard.code.as_deref() == Some("outcome_unknown");
            is_held.then_some(&heard.flow)
        });
        Self {
            flows: ledger.found.len(),
            calls: ledger.calls.len(),
            kills: ledger.kills.len(),
            kills_in_flight: ledger
                .kills
                .iter()
                .filter(|kill| {
                    let mut calls = ledger.calls.iter();
                    calls.any(|call| call.process == kill.process && is_under_way(call, kill.from))
                })
                .count(),
            stops: ledger.stops.len(),
            store_kills: ledger.store_kills.len(),
            acknowledged: acknowledged.len(),
            replays: told.filter(|heard| heard.replayed).count()
                + ledger
                    .found
                    .iter()
                    .map(|found| found.replays.len())
                    .sum::<usize>(),
            lost_replies: usize::try_from(ledger.lost_replies).unwrap_or(usize::MAX),
            lapsed: attempts
                .filter(|let_go| let_go.code == "outcome_unknown")
                .count(),
            held: held.collect::<BTreeSet<_>>().len(),
            fenced: dropped
                .iter()
                .filter(|call| was_stopped_over(ledger, call))
                .count(),
            dropped: dropped.len(),
            refusals,
        }
    }

    /// What a run must have met to mean anything; what it has not is told.
    pub(crate) fn missing(&self, is_shared: bool) -> Vec<&'static str> {
        let mut needed = vec![
            (
                self.kills_in_flight >= 3,
                "three kills with a call under way",
            ),
            (self.lapsed >= 1, "a claim that ended with its lease"),
            (self.held >= 1, "a step that was held"),
            (self.replays >= 10, "ten replays"),
            (self.stops >= 1, "a process that was stopped beyond a lease"),
            (
                self.acknowledged >= 100,
                "a hundred acknowledged transitions",
            ),
        ];
        if is_shared {
            needed.push((self.fenced >= 1, "a stale answer that was dropped"));
            needed.push((self.store_kills >= 1, "a killed store"));
        }
        let missing = needed.into_iter().filter(|(is_met, _)| !is_met);
        missing.map(|(_, told)| told).collect()
    }
}

fn is_under_way(call: &Call, at: u64) -> bool {
    call.arrived < at
        && call.answered.is_none_or(|answered| answered > at)
        && call.closed.is_none_or(|closed| closed > at)
}

/// Whether the caller was stopped when it was answered, and not killed before it went on.
fn was_stopped_over(ledger: &Ledger, call: &Call) -> bool {
    let answered = call.answered.unwrap_or_default();
    let mut stops = ledger.stops.iter();
    stops.any(|stop| {
        let is_over = stop.until.is_some_and(|until| until >= answered);
        stop.process == call.process && stop.from <= answered && is_over
    })
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        let Self {
            flows,
            calls,
            kills,
            kills_in_flight,
            stops,
            store_kills,
            acknowledged,
            replays,
            lost_replies,
            lapsed,
            held,
            dropped,
            fenced,
            refusals,
        } = other;
        self.flows += flows;
        self.calls += calls;
        self.kills += kills;
        self.kills_in_flight += kills_in_flight;
        self.stops += stops;
        self.store_kills += store_kills;
        self.acknowledged += acknowledged;
        self.replays += replays;
        self.lost_replies += lost_replies;
        self.lapsed += lapsed;
        self.held += held;
        self.dropped += dropped;
        self.fenced += fenced;
        for (code, count) in refusals {
            *self.refusals.entry(code).or_default() += count;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} flows, {} calls, {} acknowledged transitions, {} replays, {} lost replies; \
             {} kills ({} with calls under way), {} stops, {} store kills; \
             {} lapsed claims, {} held steps, {} whole answers dropped ({} of stopped processes); \
             refusals:",
            self.flows,
            self.calls,
            self.acknowledged,
            self.replays,
            self.lost_replies,
            self.kills,
            self.kills_in_flight,
            self.stops,
            self.store_kills,
            self.lapsed,
            self.held,
            self.dropped,
            self.fenced
        )?;
        for (code, count) in &self.refusals {
            write!(f, " {code} {count}")?;
        }
        Ok(())
    }
}
