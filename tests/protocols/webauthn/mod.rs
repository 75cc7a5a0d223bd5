//! `webauthn-registration` and `webauthn-assertion` in front of a relying party
//! (`@simplewebauthn/server`), with a browser and its authenticator (`nid-webauthn-emulator`).

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; browser and relying party stand \
              outside the service"
)]

mod assertion;
mod registration;

use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};

use crate::counterparts::counterpart;
use crate::harness::{Integrator, Reply};

/// Where the relying party expects its users.
const ORIGIN: &str = "https://example.com";
/// A page that may use credentials of the relying party, and where it expects nobody.
const OTHER_ORIGIN: &str = "https://login.example.com";

/// The service in front of a relying party.
struct Site {
    integrator: Integrator,
    proxy: Proxy,
    relying_party: Program,
}

impl Site {
    fn of(protocol: &str) -> Self {
        let relying_party = counterpart("relying-party.mjs", &[]);
        let proxy = Proxy::start(relying_party.address);
        let integrator = Integrator::of(protocol, &proxy.url(&relying_party.url()));
        Self {
            integrator,
            proxy,
            relying_party,
        }
    }

    async fn started(&self) -> Reply {
        let started = self.integrator.start(&json!({ "userName": "ada" })).await;
        assert_eq!(started.text("/state"), "options_issued", "{started:?}");
        started
    }

    async fn finish(&self, flow: &Reply, response: &Value) -> Reply {
        self.integrator
            .step(&flow.handle(), "finish", response)
            .await
    }

    /// Sends a response whose verdict does not come back.
    async fn finish_without_hearing(&self, flow: &Reply, response: &Value) {
        self.proxy.when_sent(b"/verify HTTP/1.1", Action::LoseReply);
        let lost = self.finish(flow, response).await;
        assert_eq!(lost.text("/outcome"), "unknown", "{lost:?}");
    }

    /// Moves the relying party's clock.
    async fn wait(&self, seconds: u32) {
        let url = format!("{}/clock?ahead={seconds}", self.relying_party.url());
        let moved = reqwest::Client::new().post(url).send().await;
        moved.expect("the relying party answers");
    }

    /// Asks the relying party directly.
    async fn ask(&self, path: &str, body: &Value) -> Value {
        post(&self.relying_party, path, body).await
    }
}

/// A browser with an authenticator.
struct Browser(Program);

impl Browser {
    fn open() -> Self {
        Self(counterpart("authenticator.mjs", &[]))
    }

    /// `navigator.credentials.create`, on the page of an origin.
    async fn create(&self, origin: &str, options: &Value) -> Value {
        let asked = json!({ "origin": origin, "options": options });
        post(&self.0, "/create", &asked).await
    }

    /// `navigator.credentials.get`, on the page of an origin.
    async fn get(&self, origin: &str, options: &Value) -> Value {
        let asked = json!({ "origin": origin, "options": options });
        post(&self.0, "/get", &asked).await
    }
}

async fn post(program: &Program, path: &str, body: &Value) -> Value {
    let request = reqwest::Client::new()
        .post(format!("{}{path}", program.url()))
        .header("content-type", "application/json")
        .header("idempotency-key", "of-the-test")
        .body(body.to_string());
    let response = request.send().await.expect("the program answers");
    assert_eq!(response.status().as_u16(), 200, "{path}");
    let body = response.bytes().await.expect("a whole body");
    serde_json::from_slice(&body).expect("JSON")
}

fn options(flow: &Reply) -> Value {
    flow.member("/backend/options")
}

/// The options, with a challenge that the relying party did not issue.
fn with_another_challenge(options: &Value) -> Value {
    let mut options = options.clone();
    options["challenge"] = "Zm9yIHNvbWVib2R5IGVsc2UncyBzZXNzaW9u".into();
    options
}
