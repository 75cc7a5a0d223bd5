//! Finding flows by their facts. Each query names the index of its narrowest part, so that its
//! cost never depends on what SQLite guesses of the distribution of the rest.

use integrator_core::flow::ids::FlowHandle;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::columns::{Place, bound};
use crate::store::operations::StoreError;
use crate::store::stored::{LookupKey, Order, Position, Query};

/// At most `limit` flows that the query takes, in its order.
pub(super) fn find(
    connection: &Connection,
    query: &Query,
    limit: usize,
) -> Result<Vec<Position>, StoreError> {
    let place = Place::Table("flows");
    let (text, values) = select(query, limit);
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Position {
            issued_ms: place.get(row, "issued_ms")?,
            handle: place.handle(row, "handle")?,
        });
    }
    Ok(found)
}

/// The statement and its values in order.
fn select(query: &Query, limit: usize) -> (String, Vec<Value>) {
    let text = |wanted: &str| Value::Text(wanted.to_owned());
    let key = |wanted: LookupKey| Value::Blob(wanted.0.to_vec());
    let issued_before = query.issued_before_ms.map(Value::Integer);
    let parts = [
        ("flow_id = ?", query.flow_id.map(key)),
        ("verify_run_id = ?", query.verify_run_id.map(key)),
        (
            "correlation_id = ?",
            query.correlation_id.as_deref().map(text),
        ),
        ("protocol = ?", query.protocol.as_deref().map(text)),
        ("state = ?", query.state.as_deref().map(text)),
        ("issued_ms < ?", issued_before),
    ];
    let (beyond, order) = match query.order {
        Order::OldestFirst => ("(issued_ms, handle) > (?, ?)", "issued_ms, handle"),
        Order::NewestFirst => (
            "(issued_ms, handle) < (?, ?)",
            "issued_ms DESC, handle DESC",
        ),
    };
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    for (condition, value) in parts {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    }
    if let Some(Position { issued_ms, handle }) = &query.after {
        conditions.push(beyond);
        values.push(Value::Integer(*issued_ms));
        values.push(text(FlowHandle::as_str(handle)));
    }
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    values.push(Value::Integer(bound(limit)));
    let index = narrowest(query);
    let statement = format!(
        "SELECT issued_ms, handle FROM flows INDEXED BY {index}{conditions} ORDER BY {order} LIMIT ?"
    );
    (statement, values)
}

/// The index of the part that fewest flows are expected to share.
fn narrowest(query: &Query) -> &'static str {
    if query.flow_id.is_some() {
        return "flows_by_flow_id";
    }
    if query.verify_run_id.is_some() {
        return "flows_by_verify_run";
    }
    if query.correlation_id.is_some() {
        return "flows_by_correlation";
    }
    match (&query.protocol, &query.state) {
        (Some(_), Some(_)) => "flows_by_place",
        (None, Some(_)) => "flows_by_state",
        (Some(_), None) => "flows_by_protocol",
        (None, None) => "flows_by_issue",
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// Every query by which parts it has.
    fn queries() -> impl Iterator<Item = Query> {
        (0..256).map(|parts: u32| {
            let has = |part: u32| parts & (1 << part) != 0;
            let handle = FlowHandle::parse(&"A".repeat(32)).unwrap();
            Query {
                state: has(0).then(|| "begun".into()),
                protocol: has(1).then(|| "example".into()),
                flow_id: has(2).then(|| LookupKey::of("f")),
                correlation_id: has(3).then(|| "c".into()),
                verify_run_id: has(4).then(|| LookupKey::of("v")),
                issued_before_ms: has(5).then_some(9),
                after: has(6).then_some(Position {
                    issued_ms: 1,
                    handle,
                }),
                order: if has(7) {
                    Order::NewestFirst
                } else {
                    Order::OldestFirst
                },
            }
        })
    }

    #[test]
    fn every_query_searches_one_index_in_its_order() {
        let file = Connection::open_in_memory().unwrap();
        file.execute_batch(include_str!("schema.sql")).unwrap();
        for query in queries() {
            let (text, values) = select(&query, 10);
            let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
            let steps = statement
                .query_map(params_from_iter(values), |row| row.get::<_, String>(3))
                .unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            let order = query.order;
            let is_bounded = query
                != Query {
                    order,
                    ..Query::default()
                };
            let expected = if is_bounded { "SEARCH" } else { "SCAN" };
            assert_eq!(steps.len(), 1, "{text}: {steps:?}");
            assert!(steps[0].starts_with(expected), "{text}: {steps:?}");
            assert!(steps[0].contains(narrowest(&query)), "{text}: {steps:?}");
            let is_positioned = query.after.is_none() || steps[0].contains("issued_ms");
            assert!(is_positioned, "{text}: {steps:?}");
        }
    }
}
