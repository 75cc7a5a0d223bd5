//! What is due, and what a query takes. Each statement reads one index in its order and stops
//! when it has enough.

use std::sync::Arc;

use integrator_core::flow::time::Tick;
use sqlx::AssertSqlSafe;

use super::PostgresRecords;
use super::columns::{Columns, limit};
use super::reads::judged;
use crate::store::operations::StoreError;
use crate::store::records::Timing;
use crate::store::stored::{DuePosition, LookupKey, Order, Position, Query};

/// Every flow lies beyond an instant before all time and no handle.
const DUE: &str = concat!(
    "WITH ",
    judged!(),
    "SELECT judged.now, flow.due, flow.handle
     FROM judged LEFT JOIN LATERAL (
        SELECT due, handle FROM flows
        WHERE due <= judged.now AND (due, handle) > ($3, $4)
        ORDER BY due, handle LIMIT $5
     ) AS flow ON true
     ORDER BY flow.due, flow.handle"
);

/// The index of a protocol's flows is ordered by state first: it is read once for each state that
/// the protocol has flows in, and these it is asked for one after the other.
/// `<beyond>` and `<order>` stand for the order that is asked for.
const OF_PROTOCOL: &str = "
    WITH RECURSIVE states AS (
        (SELECT state FROM flows WHERE protocol = $5 ORDER BY state LIMIT 1)
        UNION ALL
        SELECT (SELECT flows.state FROM flows
                WHERE flows.protocol = $5 AND flows.state > states.state
                ORDER BY flows.state LIMIT 1)
        FROM states WHERE states.state IS NOT NULL
    )
    SELECT flow.issued, flow.handle
    FROM states, LATERAL (
        SELECT issued, handle FROM flows
        WHERE protocol = $5 AND flows.state = states.state
          AND issued < $3 AND (issued, handle) <beyond> ($1, $2)
        ORDER BY issued <order>, handle <order> LIMIT $4
    ) AS flow
    ORDER BY flow.issued <order>, flow.handle <order> LIMIT $4";

impl PostgresRecords {
    pub(super) async fn due_beyond(
        &self,
        after: Option<&DuePosition>,
        flows: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), StoreError> {
        let (due, handle) =
            after.map_or((i64::MIN, ""), |after| (after.due.0, after.handle.as_str()));
        let asked = || {
            sqlx::query(DUE)
                .bind(timing.floor.0)
                .bind(timing.server)
                .bind(due)
                .bind(handle)
                .bind(limit(flows))
        };
        let rows = self.pool.rows(asked).await?;
        let mut positions = Vec::with_capacity(rows.len());
        let mut now = timing.floor;
        for row in &rows {
            let columns = Columns::of(row, "a flow that is due");
            now = columns.tick("now")?;
            if columns.get::<Option<&str>>("handle")?.is_some() {
                positions.push(DuePosition {
                    due: columns.tick("due")?,
                    handle: columns.handle("handle")?,
                });
            }
        }
        Ok((positions, now))
    }

    pub(super) async fn find_beyond(
        &self,
        query: &Query,
        flows: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let first = match query.order {
            Order::OldestFirst => i64::MIN,
            Order::NewestFirst => i64::MAX,
        };
        let (issued, handle) = query.after.as_ref().map_or((first, ""), |after| {
            (after.issued_ms, after.handle.as_str())
        });
        let wanted = wanted(query);
        let text: Arc<str> = text_of(&wanted, query.order).into();
        let asked = || {
            let statement = sqlx::query(AssertSqlSafe(text.clone()))
                .bind(issued)
                .bind(handle)
                .bind(query.issued_before_ms.unwrap_or(i64::MAX))
                .bind(limit(flows));
            wanted
                .iter()
                .fold(statement, |statement, (_, value)| match value {
                    Wanted::Key(key) => statement.bind(key.0.as_slice()),
                    Wanted::Text(text) => statement.bind(*text),
                })
        };
        let rows = self.pool.rows(asked).await?;
        let positions = rows.iter().map(|row| {
            let columns = Columns::of(row, "a flow that was found");
            Ok(Position {
                issued_ms: columns.get("issued")?,
                handle: columns.handle("handle")?,
            })
        });
        positions.collect()
    }
}

/// What a column must hold.
enum Wanted<'q> {
    Key(LookupKey),
    Text(&'q str),
}

/// What the query wants, the narrowest first; ids are narrower than what follows them.
fn wanted(query: &Query) -> Vec<(&'static str, Wanted<'_>)> {
    let wanted = [
        ("flow_id", query.flow_id.map(Wanted::Key)),
        ("verify_run", query.verify_run_id.map(Wanted::Key)),
        (
            "correlation",
            query.correlation_id.as_deref().map(Wanted::Text),
        ),
        ("protocol", query.protocol.as_deref().map(Wanted::Text)),
        ("state", query.state.as_deref().map(Wanted::Text)),
    ];
    let wanted = wanted.into_iter();
    wanted
        .filter_map(|(column, value)| Some((column, value?)))
        .collect()
}

/// The statement for these columns: `$1` and `$2` are the position beyond which, `$3` the instant
/// before which, `$4` the limit, and what each column must hold from `$5` on.
///
/// The server picks its index by what it knows of the data, which may be old, or nothing. Where an
/// id is wanted, it is given no choice: a condition in the form of `(…) IS TRUE` is one that no
/// index has.
fn text_of(wanted: &[(&'static str, Wanted<'_>)], order: Order) -> String {
    let (beyond, order) = match order {
        Order::OldestFirst => (">", "ASC"),
        Order::NewestFirst => ("<", "DESC"),
    };
    if matches!(wanted, [("protocol", _)]) {
        return OF_PROTOCOL
            .replace("<beyond>", beyond)
            .replace("<order>", order);
    }
    let is_by_id = !matches!(wanted, [] | [("protocol" | "state", _), ..]);
    let mut text = format!(
        "SELECT issued, handle FROM flows \
         WHERE issued < $3 AND (issued, handle) {beyond} ($1, $2)"
    );
    for (nth, (column, _)) in wanted.iter().enumerate() {
        let holds = format!("{column} = ${}", nth + 5);
        text.push_str(" AND ");
        text.push_str(&if is_by_id && nth > 0 {
            format!("({holds}) IS TRUE")
        } else {
            holds
        });
    }
    text + &format!(" ORDER BY issued {order}, handle {order} LIMIT $4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_wanted_leaves_the_server_one_index() {
        let query = Query {
            state: Some("begun".into()),
            flow_id: Some(LookupKey::of("f")),
            ..Query::default()
        };

        let text = text_of(&wanted(&query), query.order);

        assert!(text.contains(" AND flow_id = $5 AND (state = $6) IS TRUE "));
    }

    #[test]
    fn protocol_and_state_are_looked_up_together() {
        let query = Query {
            state: Some("begun".into()),
            protocol: Some("example".into()),
            ..Query::default()
        };

        let text = text_of(&wanted(&query), query.order);

        assert!(text.contains(" AND protocol = $5 AND state = $6 "));
    }
}
