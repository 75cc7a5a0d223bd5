//! One round: many clients run whole flows against one service.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Client;

pub(crate) const START: &str = r#"{"keyID_base64":"a2V5","attestationObject_base64":"YXR0ZXN0YXRpb24=","verifyRunID":"run-7"}"#;
pub(crate) const ASSERT: &str = r#"{"assertionObject_base64":"YXNzZXJ0aW9u"}"#;
/// Steps of a flow.
pub(crate) const STEPS: usize = 3;

/// What a round took.
pub(crate) struct Round {
    /// From its first step to its last.
    pub(crate) took: Duration,
    /// Each step's latency.
    pub(crate) steps: Vec<Duration>,
    /// Flows that were given up because the store was not there in time.
    pub(crate) given_up: usize,
}

/// Runs `flows` flows of three steps each with `clients` clients at a time.
pub(crate) async fn run(address: SocketAddr, flows: usize, clients: usize) -> Round {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for client in 0..clients {
        let share = flows / clients + usize::from(client < flows % clients);
        running.spawn(async move {
            let mut client = Client::connect(address).await.expect("connected");
            let mut steps = Vec::with_capacity(share * STEPS);
            let mut given_up = 0;
            for _ in 0..share {
                given_up += usize::from(flow(&mut client, &mut steps).await.is_none());
            }
            (steps, given_up)
        });
    }
    let (steps, given_up): (Vec<_>, Vec<_>) = running.join_all().await.into_iter().unzip();
    Round {
        took: begun.elapsed(),
        steps: steps.concat(),
        given_up: given_up.iter().sum(),
    }
}

/// One whole flow; none where it was given up.
async fn flow(client: &mut Client, steps: &mut Vec<Duration>) -> Option<()> {
    let started = timed(client, "/v1/flows/start", START, steps).await?;
    let handle = started
        .split_once(r#""flowHandle":""#)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(handle, _)| handle.to_owned())
        .expect("a handle");
    let hash = format!("/v1/flows/{handle}/client-data-hash");
    timed(client, &hash, "", steps).await?;
    let assert = format!("/v1/flows/{handle}/assert");
    let verdict = timed(client, &assert, ASSERT, steps).await?;
    assert!(verdict.contains(r#""state":"verified""#), "{verdict}");
    Some(())
}

async fn timed(
    client: &mut Client,
    path: &str,
    body: &str,
    steps: &mut Vec<Duration>,
) -> Option<String> {
    let asked = Instant::now();
    let answer = client.post(path, body).await;
    steps.push(asked.elapsed());
    answer
}
