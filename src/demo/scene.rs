//! What is shown: a whole flow, its replay, a step out of order, and a tampered assertion.

use serde_json::{Value, json};

use super::DemoError;
use super::device::Laboratory;
use super::http::{Http, Reply};
use super::screen::Screen;

/// Plays every scene; returns the handle of the first flow.
pub(super) async fn play_all(
    screen: &Screen,
    http: &Http,
    laboratory: &Laboratory,
) -> Result<String, DemoError> {
    let stage = Stage {
        screen,
        http,
        laboratory,
    };
    screen.title("1  A device attests its key and asserts with it");
    let registered = stage.start("phone").await?;
    let handle = registered.member("flowHandle")?.to_owned();
    let hash = stage.client_data_hash(&handle).await?;
    let assertion = laboratory.assert("phone", &hash, None).await?;
    let request = json!({ "assertionObject_base64": assertion.get("assertionObject_base64") });
    let first = stage.step("assert", &handle, &request).await?;
    expect_state(&first, "verified")?;

    screen
        .title("2  The same request again: the recorded answer is told, the backend is not asked");
    let again = stage.step("assert", &handle, &request).await?;
    if !again.replayed || again.text != first.text {
        return Err(DemoError::Failed(
            "the replay differs from the first reply".to_owned(),
        ));
    }

    screen.title("3  A step out of order: refused before anyone is asked");
    let other = stage.start("tablet").await?;
    let other_handle = other.member("flowHandle")?.to_owned();
    let early = stage.step("assert", &other_handle, &request).await?;
    expect_status(&early, 409)?;

    screen.title("4  A tampered assertion: the backend says no, and so the flow ends");
    let hash = stage.client_data_hash(&other_handle).await?;
    let tampered = laboratory
        .assert("tablet", &hash, Some("tampered-signature"))
        .await?;
    let request = json!({ "assertionObject_base64": tampered.get("assertionObject_base64") });
    let refused = stage.step("assert", &other_handle, &request).await?;
    expect_state(&refused, "rejected")?;
    Ok(handle)
}

struct Stage<'a> {
    screen: &'a Screen,
    http: &'a Http,
    laboratory: &'a Laboratory,
}

impl Stage<'_> {
    async fn start(&self, device: &str) -> Result<Reply, DemoError> {
        let challenge = self.http.challenge().await?;
        let attested = self
            .laboratory
            .attest(device, challenge.member("challenge_base64")?)
            .await?;
        let request = json!({
            "keyID_base64": attested.get("keyID_base64"),
            "attestationObject_base64": attested.get("attestationObject_base64"),
            "challengeID": challenge.member("challengeID")?,
        });
        let reply = self.send("start", "/v1/flows/start", &request).await?;
        expect_state(&reply, "registered")?;
        Ok(reply)
    }

    async fn client_data_hash(&self, handle: &str) -> Result<String, DemoError> {
        let reply = self.step("client-data-hash", handle, &json!({})).await?;
        Ok(reply.member("clientDataHash_base64")?.to_owned())
    }

    async fn step(&self, step: &str, handle: &str, request: &Value) -> Result<Reply, DemoError> {
        self.send(step, &format!("/v1/flows/{handle}/{step}"), request)
            .await
    }

    async fn send(&self, step: &str, path: &str, request: &Value) -> Result<Reply, DemoError> {
        let reply = self.http.step(path, request).await?;
        self.screen.exchange(step, path, request, &reply);
        Ok(reply)
    }
}

fn expect_state(reply: &Reply, state: &str) -> Result<(), DemoError> {
    if reply.member("state")? == state {
        return Ok(());
    }
    Err(DemoError::Failed(format!(
        "expected state {state}, got: {}",
        reply.text
    )))
}

fn expect_status(reply: &Reply, status: u16) -> Result<(), DemoError> {
    if reply.status == status {
        return Ok(());
    }
    Err(DemoError::Failed(format!(
        "expected status {status}, got {}: {}",
        reply.status, reply.text
    )))
}
