//! Ways into the middle of a flow, and what is read of one.

use super::client::Reply;
use super::service::{ASSERT, START, Service};

impl Service {
    /// Starts a flow of the default protocol and tells its handle.
    pub(crate) async fn started(&self, body: &str) -> String {
        let reply = self.post("/v1/flows/start", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.string("/flowHandle")
    }

    /// Starts an App Attest flow and tells its handle.
    pub(crate) async fn registered(&self) -> String {
        self.started(START).await
    }

    /// The same, one step on: an assertion is expected.
    pub(crate) async fn hash_issued(&self) -> String {
        let handle = self.registered().await;
        let reply = self.step(&handle, "client-data-hash", "").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        handle
    }

    /// The same, to its end.
    pub(crate) async fn verified(&self) -> String {
        let handle = self.hash_issued().await;
        let reply = self.step(&handle, "assert", ASSERT).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        handle
    }

    pub(crate) async fn step(&self, handle: &str, step: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post(format!("/v1/flows/{handle}/{step}"), body).await
    }

    pub(crate) async fn status(&self, handle: &str) -> Reply {
        self.get(format!("/v1/flows/{handle}/status")).await
    }

    pub(crate) async fn state(&self, handle: &str) -> String {
        self.status(handle).await.string("/state")
    }

    pub(crate) async fn history(&self, handle: &str) -> Reply {
        self.get(format!("/v1/flows/{handle}/history")).await
    }
}
