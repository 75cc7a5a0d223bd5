//! What reads flows. Nothing is read from anywhere but the server that takes the writes.

use std::collections::HashMap;

use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;

use super::PostgresRecords;
use super::columns::{Columns, limit};
use crate::store::operations::StoreError;
use crate::store::records::{Answer, Head, ReadHead, Timing, Whole};
use crate::store::stored::StartKey;

/// The store's now: `$1` is its floor, `$2` whether the server's clock is asked. It is the moment
/// at which the statement gets there and not, as that of `now()`, the one at which it began.
macro_rules! judged {
    () => {
        "judged AS (
            SELECT CASE WHEN $2
                THEN greatest($1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
                ELSE $1 END AS now
         )"
    };
}
pub(super) use judged;

const NOW: &str = concat!("WITH ", judged!(), " SELECT now FROM judged");

const LOAD: &str = concat!(
    "WITH ",
    judged!(),
    "SELECT judged.now, flows.version, flows.schema, flows.head, flows.seal
     FROM judged LEFT JOIN flows ON flows.handle = $3"
);

/// A row for each flow that is stored, and one for a page of which none is.
const LOAD_ALL: &str = concat!(
    "WITH ",
    judged!(),
    "SELECT judged.now, flows.handle, flows.version, flows.schema, flows.head, flows.seal
     FROM judged LEFT JOIN flows ON flows.handle = ANY ($3)"
);

const ANSWERS: &str = "
    SELECT attempt, schema AS answer_schema, meta, seal AS answer_seal, body,
           bytes AS answer_bytes
    FROM answers WHERE handle = $1 AND attempt = ANY ($2)";

const NAMED: &str = "SELECT handle FROM flows WHERE start_key = $1";

const DEFINITION: &str = "SELECT text FROM definitions WHERE digest = $1";

const KEEP_DEFINITION: &str = "
    INSERT INTO definitions (digest, text) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// A row for each answer, and one for a flow that has none.
const PAGE: &str = "
    SELECT flow.handle, flow.version, flow.schema, flow.head, flow.seal, flow.start_key,
           answers.attempt, answers.schema AS answer_schema, answers.meta,
           answers.seal AS answer_seal, answers.body, answers.bytes AS answer_bytes
    FROM (SELECT handle, version, schema, head, seal, start_key FROM flows
          WHERE handle > $1 ORDER BY handle LIMIT $2) AS flow
    LEFT JOIN answers ON answers.handle = flow.handle
    ORDER BY flow.handle, answers.attempt";

impl PostgresRecords {
    pub(super) async fn clock(&self, timing: Timing) -> Result<Tick, StoreError> {
        let asked = || sqlx::query(NOW).bind(timing.floor.0).bind(timing.server);
        let row = self.pool.row(asked).await?;
        Columns::of(&row, "the clock").tick("now")
    }

    pub(super) async fn head(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError> {
        let asked = || {
            sqlx::query(LOAD)
                .bind(timing.floor.0)
                .bind(timing.server)
                .bind(handle.as_str())
        };
        let row = self.pool.row(asked).await?;
        let columns = Columns::of_flow(&row, handle);
        let is_stored = columns.get::<Option<i64>>("version")?.is_some();
        let head = is_stored.then(|| columns.head()).transpose()?;
        Ok((head, columns.tick("now")?))
    }

    pub(super) async fn heads(
        &self,
        handles: &[FlowHandle],
        timing: Timing,
    ) -> Result<(Vec<ReadHead>, Tick), StoreError> {
        let asked = || {
            let handles: Vec<&str> = handles.iter().map(FlowHandle::as_str).collect();
            sqlx::query(LOAD_ALL)
                .bind(timing.floor.0)
                .bind(timing.server)
                .bind(handles)
        };
        let rows = self.pool.rows(asked).await?;
        let mut now = timing.floor;
        let mut found: HashMap<FlowHandle, ReadHead> = HashMap::new();
        for row in &rows {
            let columns = Columns::of(row, "a flow among others");
            now = columns.tick("now")?;
            if columns.get::<Option<&str>>("handle")?.is_some() {
                let handle = columns.handle("handle")?;
                let head = Columns::of_flow(row, &handle).head().map(Some);
                found.insert(handle, head);
            }
        }
        let in_order = handles.iter();
        let in_order = in_order.map(|handle| found.get(handle).cloned().unwrap_or(Ok(None)));
        Ok((in_order.collect(), now))
    }

    pub(super) async fn answers_to(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError> {
        let asked = || {
            let attempts: Vec<&str> = attempts.iter().map(AttemptId::as_str).collect();
            sqlx::query(ANSWERS).bind(handle.as_str()).bind(attempts)
        };
        let rows = self.pool.rows(asked).await?;
        let rows = rows.iter();
        rows.map(|row| Columns::of_flow(row, handle).answer())
            .collect()
    }

    /// The flow that a start key names.
    pub(super) async fn named(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        let rows = self.pool.rows(|| sqlx::query(NAMED).bind(&*key.0)).await?;
        let named = rows.first().map(|row| {
            let columns = Columns::of(row, "the flow that a start key names");
            columns.handle("handle")
        });
        named.transpose()
    }

    pub(super) async fn text_of(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let asked = || sqlx::query(DEFINITION).bind(digest);
        let rows = self.pool.rows(asked).await?;
        let of = format!("definition {digest}");
        let text = rows.first().map(|row| Columns::of(row, &of).get("text"));
        text.transpose()
    }

    pub(super) async fn keep_text(&self, digest: &str, text: &str) -> Result<(), StoreError> {
        let asked = || sqlx::query(KEEP_DEFINITION).bind(digest).bind(text);
        self.pool.rows(asked).await.map(|_| ())
    }

    pub(super) async fn whole(
        &self,
        after: Option<&FlowHandle>,
        flows: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        let after = after.map_or("", FlowHandle::as_str);
        let asked = || sqlx::query(PAGE).bind(after).bind(limit(flows));
        let rows = self.pool.rows(asked).await?;
        let mut page: Vec<Whole> = Vec::new();
        for row in &rows {
            let handle = Columns::of(row, "a flow").handle("handle")?;
            let columns = Columns::of_flow(row, &handle);
            let is_answered = columns.get::<Option<&str>>("attempt")?.is_some();
            let answer = is_answered.then(|| columns.answer()).transpose()?;
            match page.last_mut() {
                Some(last) if last.handle == handle => last.answers.extend(answer),
                _ => page.push(Whole {
                    head: columns.head()?,
                    key: columns
                        .get::<Option<&str>>("start_key")?
                        .map(|key| StartKey(key.into())),
                    answers: answer.into_iter().collect(),
                    handle,
                }),
            }
        }
        Ok(page)
    }
}
