//! How many flows there are, without counting them and without a row that every change waits for.
//!
//! A change that moves a count writes what it adds (or takes) as rows of its own to
//! `tally_deltas`, in its own statement: rows that nobody else waits for. `beat` folds them into
//! `tally`, one row for each protocol and state. What is stored is the sum over both.
//!
//! # Why nothing is lost, doubled or deadlocked
//!
//! - Folding is one statement, so one transaction: the deltas that it deletes and the rows that it
//!   adds them to change together, and a census, one statement too, sees both or neither.
//! - Two that fold at once lock different deltas: each skips what the other holds. A delta that
//!   the other has deleted meanwhile is not there to be locked. So each delta is deleted, and
//!   added, once.
//! - Where both add to one row of `tally`, the second waits for the first and adds to what that
//!   one wrote (`tally.flows + excluded.flows` is evaluated on the row as it is then).
//! - They wait for each other in one order only, that of protocols and states; for deltas nobody
//!   waits; and no other statement locks either table's rows.
//!
//! # The bound
//!
//! Whether `max_flows` are stored is counted within the statement that adds a flow, so one
//! process after the other never stores more. Creations that are under way at once, here or in
//! several processes, do not see each other: they may store more than the bound by as many as
//! they are. While a process knows itself far from the bound, it does not count: see [`Room`].

use std::sync::atomic::{AtomicU64, Ordering};

use integrator_core::flow::time::Tick;

use super::PostgresRecords;
use super::columns::Columns;
use super::reads::judged;
use crate::store::operations::{Census, StateCensus, StoreError};
use crate::store::records::Timing;

/// Flows stored.
macro_rules! total {
    () => {
        "(SELECT coalesce(sum(flows), 0)::bigint FROM (
            SELECT flows FROM tally UNION ALL SELECT flows FROM tally_deltas
          ) AS counted)"
    };
}
pub(super) use total;

const BEAT: &str = concat!(
    "WITH ",
    judged!(),
    "INSERT INTO clock (one, shown) SELECT true, judged.now FROM judged
     ON CONFLICT (one) DO UPDATE SET shown = greatest(clock.shown, excluded.shown)
     RETURNING shown"
);

/// At most as many at once as a beat has time for.
const FOLD: &str = concat!(
    "WITH picked AS (
        SELECT id FROM tally_deltas LIMIT 10000 FOR UPDATE SKIP LOCKED
     ), taken AS (
        DELETE FROM tally_deltas USING picked WHERE tally_deltas.id = picked.id
        RETURNING protocol, state, flows, terminal, bytes
     ), folded AS (
        INSERT INTO tally (protocol, state, flows, terminal, bytes)
        SELECT protocol, state, sum(flows), sum(terminal), sum(bytes)
        FROM taken GROUP BY protocol, state ORDER BY protocol, state
        ON CONFLICT (protocol, state) DO UPDATE
        SET flows = tally.flows + excluded.flows, terminal = tally.terminal + excluded.terminal,
            bytes = tally.bytes + excluded.bytes
     )
     SELECT ",
    total!(),
    " AS stored"
);

/// States that hold nothing any more are told too: with zero rather than with their last count.
const CENSUS: &str = "
    SELECT counted.protocol, counted.state, counted.flows, counted.terminal, counted.bytes,
           (SELECT min(flows.issued) FROM flows
            WHERE flows.protocol = counted.protocol AND flows.state = counted.state) AS oldest
    FROM (
        SELECT protocol, state, sum(flows)::bigint AS flows, sum(terminal)::bigint AS terminal,
               sum(bytes)::bigint AS bytes
        FROM (
            SELECT protocol, state, flows, terminal, bytes FROM tally
            UNION ALL
            SELECT protocol, state, flows, terminal, bytes FROM tally_deltas
        ) AS held
        GROUP BY protocol, state
    ) AS counted
    ORDER BY counted.protocol, counted.state";

impl PostgresRecords {
    pub(super) async fn write_clock_and_fold(&self, timing: Timing) -> Result<Tick, StoreError> {
        let asked = || sqlx::query(BEAT).bind(timing.floor.0).bind(timing.server);
        let row = self.pool.row(asked).await?;
        let shown = Columns::of(&row, "the clock").tick("shown")?;
        let row = self.pool.row(|| sqlx::query(FOLD)).await?;
        self.room.holds(Columns::of(&row, TALLY).count("stored")?);
        Ok(shown)
    }

    pub(super) async fn count(&self) -> Result<Census, StoreError> {
        let rows = self.pool.rows(|| sqlx::query(CENSUS)).await?;
        let mut census = Census::default();
        for row in &rows {
            let columns = Columns::of(row, TALLY);
            let flows = columns.count("flows")?;
            census.flows += flows;
            census.terminal += columns.count("terminal")?;
            census.bytes += columns.count("bytes")?;
            census.states.push(StateCensus {
                protocol: columns.get::<&str>("protocol")?.into(),
                state: columns.get::<&str>("state")?.into(),
                flows,
                oldest_issued_ms: columns.get("oldest")?,
            });
        }
        Ok(census)
    }
}

const TALLY: &str = "the tally";

/// What a process knows of how many flows there are: the total that was counted last, and what it
/// has added itself since. What others add in between it learns at the next beat.
pub(super) struct Room(AtomicU64);

/// Nothing was counted yet.
const UNKNOWN: u64 = u64::MAX;

impl Room {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }

    /// The bound, where it may be near enough to be checked. Far from it means: farther than all
    /// processes together could come within the second between two beats.
    pub(super) fn bound_to_check(&self, max_flows: u64) -> Option<u64> {
        let margin = (max_flows / 8).max(4096);
        let known = self.0.load(Ordering::Relaxed);
        (known >= max_flows.saturating_sub(margin)).then_some(max_flows)
    }

    /// So many are stored.
    pub(super) fn holds(&self, flows: u64) {
        self.0.store(flows, Ordering::Relaxed);
    }

    /// One more is stored, beside those that were counted, if they were.
    pub(super) fn one_more(&self, counted: Option<u64>) {
        if let Some(counted) = counted {
            self.holds(counted.saturating_add(1));
        } else {
            let more = |known: u64| (known != UNKNOWN).then(|| known.saturating_add(1));
            // Nothing is known, and nothing is to be added to.
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_checked_until_it_is_known_to_be_far() {
        let room = Room::new();
        assert_eq!(room.bound_to_check(100_000), Some(100_000));

        room.holds(80_000);
        assert_eq!(room.bound_to_check(100_000), None);

        room.holds(87_499);
        assert_eq!(room.bound_to_check(100_000), None);
        room.one_more(None);
        assert_eq!(room.bound_to_check(100_000), Some(100_000));

        room.one_more(Some(10));
        assert_eq!(room.bound_to_check(100_000), None);
    }

    #[test]
    fn a_small_bound_is_checked_always() {
        let room = Room::new();
        room.holds(0);
        assert_eq!(room.bound_to_check(3), Some(3));
    }
}
