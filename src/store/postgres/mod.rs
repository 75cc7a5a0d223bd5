//! Flows in a PostgreSQL database, shared by many processes.
//!
//! Every operation is one statement, prepared once for each connection, under READ COMMITTED: no
//! transaction is held open, nothing is locked across statements, and all is read from the server
//! that takes the writes. `changes` tells why that is enough, `tally` how flows are counted.
//!
//! # Behind a pooler
//!
//! What a session must have is asked for when a connection is opened, so that it is in force
//! before the first statement and survives a reset. A pooler that passes sessions on needs
//! nothing. PgBouncer in transaction mode must keep prepared statements
//! (`max_prepared_statements`, from 1.21 on) and be told to let `options` pass
//! (`ignore_startup_parameters`); what it then drops belongs to the role, by `ALTER ROLE … SET`.

mod arguments;
mod changes;
mod columns;
mod fitness;
mod lookups;
mod pool;
mod reads;
mod schema;
mod tally;
mod words;

use std::borrow::Cow;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use self::pool::Pool;
use self::tally::Room;
use super::operations::{Census, Created, PrepareError, Prepared, Replaced, StoreError};
use super::records::{Answer, Change, Head, ReadHead, Records, Row, Timing, Whole};
use super::stored::{DuePosition, Position, Query, StartKey};

/// The store's name.
const KIND: &str = "postgres";

/// What every session has, where an operation may take so long. The server stops a statement when
/// nobody waits for it any more, and what waits for a lock in time to tell that it was a lock.
fn session(patience: Duration) -> [(&'static str, String); 5] {
    let statement = patience.as_millis().max(1);
    let lock = pool::for_part_of(patience).as_millis().max(1);
    [
        ("synchronous_commit", "on".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
        ("statement_timeout", statement.to_string()),
        ("lock_timeout", lock.to_string()),
        ("idle_in_transaction_session_timeout", "5000".to_owned()),
    ]
}

/// What may stand in a URL after `?`. The driver passes over anything else, and tells it to the log
/// with its value, which may be a password.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

fn unknown_parameter(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut keys = form_urlencoded::parse(query.as_bytes()).map(|(key, _)| key);
    let unknown = keys.find(|key| {
        let is_option = key.starts_with("options[") && key.ends_with(']');
        !is_option && !PARAMETERS.contains(&&**key)
    });
    unknown.map(Cow::into_owned)
}

/// A database that a URL leads to.
pub(super) struct Database {
    options: PgConnectOptions,
    server: String,
    patience: Duration,
    room: Arc<Room>,
}

impl Database {
    /// Nothing is reached yet. An operation may take as long as `patience`.
    ///
    /// # Errors
    ///
    /// Why the URL leads to no database; the URL itself, which may hold a password, is not told.
    pub(super) fn at(url: &str, patience: Duration) -> Result<Self, String> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(
                "the URL of PostgreSQL begins with postgres:// or postgresql://".to_owned(),
            );
        }
        if let Some(key) = unknown_parameter(url) {
            return Err(format!(
                "the URL of PostgreSQL has the parameter '{key}', which means nothing here; leave it out, or write it as one of: {}",
                PARAMETERS.join(", ")
            ));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| format!("the URL of PostgreSQL cannot be read: {error}"))?
            .application_name("appattest-integrator")
            // Nothing here is a float, and poolers refuse what they do not know.
            .extra_float_digits(None)
            .options(session(patience))
            .disable_statement_logging();
        let server = options.get_socket().map_or_else(
            || format!("{}:{}", options.get_host(), options.get_port()),
            |socket| socket.display().to_string(),
        );
        Ok(Self {
            options,
            server,
            patience,
            room: Arc::new(Room::new()),
        })
    }

    /// Its records, as one runtime reaches them.
    pub(super) fn records(&self) -> PostgresRecords {
        PostgresRecords {
            pool: Pool::new(self.options.clone(), self.server.clone(), self.patience),
            room: self.room.clone(),
        }
    }
}

/// The records of a database, as one runtime reaches them.
pub(super) struct PostgresRecords {
    pool: Pool,
    room: Arc<Room>,
}

/// The latest instant that was written down.
const SHOWN: &str = "SELECT shown FROM clock";

#[async_trait]
impl Records for PostgresRecords {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn prepare(&self) -> Result<(Prepared, Option<Tick>), PrepareError> {
        let server = self.pool.server().to_owned();
        let mut connection = self
            .pool
            .connect()
            .await
            .map_err(|error| words::not_ready(&error, &server))?;
        // A migration that takes longer than anybody waits for it goes on all the same: the next
        // time it is found done.
        let prepared = tokio::spawn(async move {
            let prepared = fitness::judge(&mut connection, &server).await?;
            schema::bring_up(&mut connection, &server).await?;
            let shown = sqlx::query_scalar(SHOWN).fetch_optional(&mut connection);
            let shown: Option<i64> = shown
                .await
                .map_err(|error| words::not_ready(&error, &server))?;
            // Everything is known already, however the server takes leave.
            let _ = connection.close().await;
            Ok((prepared, shown.map(Tick)))
        });
        prepared.await.unwrap_or_else(|ended| {
            let cause = format!("making PostgreSQL ready was broken off: {ended}");
            Err(PrepareError::Unreachable(cause))
        })
    }

    async fn beat(&self, timing: Timing) -> Result<Tick, StoreError> {
        self.write_clock_and_fold(timing).await
    }

    async fn now(&self, timing: Timing) -> Result<Tick, StoreError> {
        self.clock(timing).await
    }

    async fn keep_definition(&self, digest: &str, text: &str) -> Result<(), StoreError> {
        self.keep_text(digest, text).await
    }

    async fn definition(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.text_of(digest).await
    }

    async fn create(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        max_flows: u64,
    ) -> Result<Created, StoreError> {
        self.create_flow(row, key, max_flows).await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        self.named(key).await
    }

    async fn load(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError> {
        self.head(handle, timing).await
    }

    async fn load_all(
        &self,
        handles: &[FlowHandle],
        timing: Timing,
    ) -> Result<(Vec<ReadHead>, Tick), StoreError> {
        self.heads(handles, timing).await
    }

    async fn answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError> {
        self.answers_to(handle, attempts).await
    }

    async fn replace(&self, change: &Change, timing: Timing) -> Result<Replaced, StoreError> {
        self.change(change, timing).await
    }

    async fn due(
        &self,
        after: Option<&DuePosition>,
        limit: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), StoreError> {
        self.due_beyond(after, limit, timing).await
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        self.find_beyond(query, limit).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.count().await
    }

    async fn page(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        self.whole(after, limit).await
    }

    async fn carry(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError> {
        self.carry_flow(row, key, answers).await
    }
}
