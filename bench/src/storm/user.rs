//! One user at the live service: decides as the laboratory's users do, and asks over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use integrator_bench::laboratory::clients::{Clients, User as Mind};
use integrator_bench::laboratory::run::STEPS;
use tokio::time::{sleep, timeout};

use crate::client::{Client, Reply};
use crate::round::{ASSERT, START};
use crate::storm::journal::{Event, Journal};

/// How long an idle connection is kept; the service closes one that is idle for longer than this.
const KEPT: Duration = Duration::from_secs(5);

/// A user under way.
pub(crate) struct User {
    pub(crate) service: SocketAddr,
    pub(crate) clients: Clients,
    pub(crate) journal: Arc<Journal>,
    pub(crate) mind: Mind,
    /// After this moment no flow is begun, so that those that were are seen to their end.
    pub(crate) last_start: Duration,
    pub(crate) connection: Option<Client>,
}

impl User {
    /// Goes through the flow to its verdict, or gives up.
    pub(crate) async fn run(mut self) {
        let mut handle = String::new();
        while self.mind.step < STEPS {
            if self.mind.step == 0 && self.journal.now() > self.last_start {
                return;
            }
            let Some(wait) = self.tries(&mut handle).await else {
                self.journal.note(Event::GaveUp);
                return;
            };
            sleep(wait).await;
        }
    }

    /// Tries the step it is at, and tells how long it waits before it does anything else; none
    /// where it gives up.
    async fn tries(&mut self, handle: &mut String) -> Option<Duration> {
        let is_start = self.mind.step == 0;
        self.journal.note(Event::Tried { is_start });
        self.mind.begin_try(self.journal.now());
        let asked = timeout(self.clients.patience, self.ask(handle)).await;
        let retry_after = match asked {
            Ok(Ok(reply)) if reply.status == 200 => return Some(self.advances(&reply, handle)),
            Ok(Ok(reply)) => {
                self.journal.note(Event::of_status(reply.status));
                reply.retry_after.map(Duration::from_secs)
            }
            Ok(Err(_)) => {
                self.journal.note(Event::Failed);
                None
            }
            Err(_) => {
                self.journal.note(Event::LeftWaiting);
                None
            }
        };
        let wait = self
            .mind
            .wait(&self.clients, self.journal.now(), retry_after)?;
        if wait > KEPT {
            self.connection = None;
        }
        Some(wait)
    }

    fn advances(&mut self, reply: &Reply, handle: &mut String) -> Duration {
        if self.mind.step == 0 {
            let told = reply.body.split_once(r#""flowHandle":""#);
            let told = told.and_then(|(_, rest)| rest.split_once('"'));
            let (told, _) = told.expect("a started flow has a handle");
            told.clone_into(handle);
            self.journal.note(Event::Started);
        }
        let thinks = self.mind.advance(&self.clients);
        if self.mind.step == STEPS {
            self.journal.note(Event::Finished);
        }
        thinks
    }

    async fn ask(&mut self, handle: &str) -> std::io::Result<Reply> {
        let (path, body) = match self.mind.step {
            0 => ("/v1/flows/start".to_owned(), START),
            1 => (format!("/v1/flows/{handle}/client-data-hash"), ""),
            _ => (format!("/v1/flows/{handle}/assert"), ASSERT),
        };
        // A connection whose answer is not waited for to its end is not used again.
        let mut client = match self.connection.take() {
            Some(client) => client,
            None => Client::connect(self.service).await?,
        };
        let reply = client.ask("POST", &path, body).await?;
        self.connection = Some(client);
        Ok(reply)
    }
}
