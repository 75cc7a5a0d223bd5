//! The users of one run: the laboratory's, at the moments at which they come there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use integrator_bench::laboratory::clients::User as Mind;
use integrator_bench::laboratory::scenario::Scenario;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::storm::Settings;
use crate::storm::journal::{Event, Journal};
use crate::storm::user::User;

/// How long flows that were begun may take to their end when no more are begun.
const REST: Duration = Duration::from_secs(5);

/// Offers all users to the service, and returns by how much each came later than planned.
pub(crate) async fn offer(
    service: SocketAddr,
    settings: &Settings,
    scenario: &Scenario,
    journal: &Arc<Journal>,
) -> Vec<Duration> {
    let load = scenario.load();
    let last_start = load.ends_at() + Duration::from_secs(settings.drain_s);
    let mut users = JoinSet::new();
    let mut lateness = Vec::new();
    for (number, planned) in load.arrivals(settings.seed).enumerate() {
        sleep_until(journal.begun() + planned).await;
        lateness.push(journal.now().saturating_sub(planned));
        journal.note(Event::Arrived);
        let user = User {
            service,
            clients: scenario.clients,
            journal: Arc::clone(journal),
            mind: Mind::new(&scenario.clients, settings.seed, number, planned),
            last_start,
            connection: None,
        };
        users.spawn(user.run());
    }
    sleep_until(journal.begun() + last_start).await;
    // Those who are not done by then are left where they are.
    let _some_remain = timeout(REST, async { while users.join_next().await.is_some() {} }).await;
    lateness
}
