//! The connection to the server, or to a cluster's servers: made when it is first needed, given
//! up when it breaks or falls silent, and made anew, not at once where that failed before. No
//! command is sent twice, unless the server said that it did not carry it out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    Pipeline, RedisError, ServerErrorKind, Value, cmd,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::script::Call;
use super::trouble::Trouble;

/// How long no other connection is tried after the first failure; twice as long after each
/// further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a command is sent to the server that a cluster says has its key now.
const MOVES: usize = 3;

/// The way to the server of one runtime.
pub(super) struct Link {
    client: Client,
    times: Times,
    state: Mutex<State>,
    /// Whoever makes a connection has the one permit.
    turn: Semaphore,
}

/// How long things may take. A little less than an operation may, so that it is told what did
/// not answer.
#[derive(Clone, Copy)]
struct Times {
    connection: Duration,
    response: Duration,
}

struct State {
    connection: Option<Connection>,
    /// Tells connections apart.
    made: u64,
    failed: Option<Failed>,
}

struct Failed {
    trouble: Trouble,
    until: Instant,
    pause: Duration,
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    /// To the server that the client names. Nothing is reached yet.
    pub(super) fn to(client: Client, patience: Duration) -> Self {
        Self {
            client,
            times: Times {
                connection: patience * 2 / 3,
                response: patience * 14 / 15,
            },
            state: Mutex::new(State {
                connection: None,
                made: 0,
                failed: None,
            }),
            turn: Semaphore::new(1),
        }
    }

    /// Sends one command.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Trouble> {
        let (mut connection, number) = self.connection().await?;
        let asked = connection.ask(command).await;
        asked.map_err(|error| self.judged(error, number))
    }

    /// Runs a script, bringing it along if the server has forgotten it.
    pub(super) async fn call(&self, call: &Call) -> Result<Vec<Option<Vec<u8>>>, Trouble> {
        let (mut connection, number) = self.connection().await?;
        let mut asked = connection.ask(&call.by_digest()).await;
        if asked.as_ref().is_err_and(is_unknown_script) {
            asked = connection.ask(&call.by_text()).await;
        }
        let reply = asked.map_err(|error| self.judged(error, number))?;
        Ok(redis::from_redis_value(reply)?)
    }

    /// Runs a script after a command on another slot, in one go where one server has both.
    /// Returns the command's reply and the script's.
    pub(super) async fn call_after(
        &self,
        before: &[Cmd],
        call: &Call,
    ) -> Result<(Vec<Value>, Vec<Option<Vec<u8>>>), Trouble> {
        let (connection, _) = self.connection().await?;
        if let Connection::Cluster(_) = connection {
            let mut replies = Vec::new();
            for command in before {
                replies.push(self.ask(command).await?);
            }
            return Ok((replies, self.call(call).await?));
        }
        let last = call.by_digest();
        let mut replies = self.each(before.iter().chain([&last])).await?;
        let reply = replies.pop().unwrap_or_else(|| Err(Trouble::reply("none")));
        let replies = replies.into_iter().collect::<Result<Vec<_>, _>>()?;
        let reply = match reply {
            Err(trouble) if trouble.unknown_script => self.call(call).await?,
            reply => redis::from_redis_value(reply?)?,
        };
        Ok((replies, reply))
    }

    /// Sends commands on any slots, and returns each one's own reply.
    pub(super) async fn each(
        &self,
        commands: impl IntoIterator<Item = &Cmd>,
    ) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
        let (connection, number) = self.connection().await?;
        match connection {
            Connection::One(mut connection) => {
                let mut pipeline = Pipeline::new();
                let mut count = 0;
                for command in commands {
                    pipeline.add_command(command.clone());
                    count += 1;
                }
                if count == 0 {
                    return Ok(Vec::new());
                }
                let sent = connection.req_packed_commands(&pipeline, 0, count).await;
                let replies = sent.map_err(|error| self.judged(error, number))?;
                let replies = replies.into_iter().map(Value::extract_error);
                Ok(replies
                    .map(|reply| reply.map_err(|error| self.judged(error, number)))
                    .collect())
            }
            Connection::Cluster(connection) => {
                let mut tasks = JoinSet::new();
                for (at, command) in commands.into_iter().cloned().enumerate() {
                    let mut connection = Connection::Cluster(connection.clone());
                    tasks.spawn(async move { (at, connection.ask(&command).await) });
                }
                let mut replies = tasks.join_all().await;
                replies.sort_by_key(|(at, _)| *at);
                Ok(replies
                    .into_iter()
                    .map(|(_, reply)| reply.map_err(Trouble::from))
                    .collect())
            }
        }
    }

    /// A connection of its own to the server that the URL names, be it one of a cluster.
    pub(super) async fn seed(&self) -> Result<Seed, Trouble> {
        Ok(Seed(plain(&self.client, self.times).await?))
    }

    async fn connection(&self) -> Result<(Connection, u64), Trouble> {
        if let Some(connection) = self.standing() {
            return Ok(connection);
        }
        let _turn = self.turn.acquire().await;
        if let Some(connection) = self.standing() {
            return Ok(connection);
        }
        let mut pause = FIRST_PAUSE;
        if let Some(failed) = &self.state().failed {
            if Instant::now() < failed.until {
                return Err(failed.trouble.clone());
            }
            pause = (failed.pause * 2).min(LONGEST_PAUSE);
        }
        let made = timeout(self.times.connection, connect(&self.client, self.times)).await;
        let made = made.unwrap_or_else(|_| {
            let patience = self.times.connection.as_millis();
            Err(Trouble::new(format!(
                "no connection to Redis within {patience} ms; see whether it runs and can be reached"
            )))
        });
        let mut state = self.state();
        match made {
            Ok(connection) => {
                state.made += 1;
                state.failed = None;
                state.connection = Some(connection.clone());
                Ok((connection, state.made))
            }
            Err(trouble) => {
                state.failed = Some(Failed {
                    trouble: trouble.clone(),
                    until: Instant::now() + pause,
                    pause,
                });
                Err(trouble)
            }
        }
    }

    fn standing(&self) -> Option<(Connection, u64)> {
        let state = self.state();
        let connection = state.connection.clone();
        connection.map(|connection| (connection, state.made))
    }

    /// Gives up the connection if this error says that it is of no use any more. A cluster's
    /// looks after those that it is made of.
    fn judged(&self, error: RedisError, number: u64) -> Trouble {
        let is_replica = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if error.is_unrecoverable_error() || error.is_timeout() || is_replica {
            let mut state = self.state();
            let is_one = matches!(state.connection, Some(Connection::One(_)));
            if is_one && state.made == number {
                state.connection = None;
            }
        }
        error.into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    async fn ask(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        let connection = match self {
            Self::One(connection) => return command.query_async(connection).await,
            Self::Cluster(connection) => connection,
        };
        for _ in 1..MOVES {
            match command.query_async(connection).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) => {}
                asked => return asked,
            }
        }
        command.query_async(connection).await
    }
}

/// One server, asked about itself.
pub(super) struct Seed(MultiplexedConnection);

impl Seed {
    /// Sends one command.
    pub(super) async fn ask(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        Ok(command.query_async(&mut self.0).await?)
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

async fn plain(client: &Client, times: Times) -> Result<MultiplexedConnection, Trouble> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(times.connection))
        .set_response_timeout(Some(times.response));
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    Ok(connected.await?)
}

async fn connect(client: &Client, times: Times) -> Result<Connection, Trouble> {
    let mut connection = plain(client, times).await?;
    let mut about = cmd("INFO");
    let about: String = about.arg("cluster").query_async(&mut connection).await?;
    if !about.contains("cluster_enabled:1") {
        return Ok(Connection::One(connection));
    }
    let seed: ConnectionInfo = client
        .get_connection_info()
        .clone()
        .into_connection_info()?;
    // With retries it would send a command again whose connection broke, done or not.
    let cluster = ClusterClient::builder([seed])
        .retries(0)
        .connection_timeout(times.connection)
        .response_timeout(times.response)
        .build()?;
    Ok(Connection::Cluster(cluster.get_async_connection().await?))
}
