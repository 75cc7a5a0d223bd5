//! `oauth-device` in front of an authorization server: `oidc-provider`, whose pages a user visits.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; the device's own requests stand \
              outside the service"
)]

mod user;

use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};

use crate::counterparts::counterpart;
use crate::harness::{Integrator, Reply};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The service in front of the server.
struct Site {
    integrator: Integrator,
    proxy: Proxy,
    server: Program,
}

impl Site {
    fn open() -> Self {
        Self::with("")
    }

    /// With more lines for the backend in the configuration file.
    fn with(more: &str) -> Self {
        let server = counterpart("authorization-server.mjs", &[]);
        let proxy = Proxy::start(server.address);
        let integrator = Integrator::with("oauth-device", &proxy.url(&server.url()), more);
        Self {
            integrator,
            proxy,
            server,
        }
    }

    /// A flow of a device that may have tokens without a secret.
    async fn started(&self) -> Reply {
        let started = self.start("tv").await;
        assert_eq!(started.text("/state"), "pending", "{started:?}");
        started
    }

    async fn start(&self, client: &str) -> Reply {
        let request = json!({ "client_id": client, "scope": "openid" });
        self.integrator.start(&request).await
    }

    /// Polls when the server lets a device poll again.
    async fn poll_in_time(&self, flow: &Reply) -> Reply {
        self.wait(5).await;
        self.poll(flow).await
    }

    async fn poll(&self, flow: &Reply) -> Reply {
        self.poll_with(flow, &json!({ "grant_type": GRANT_TYPE }))
            .await
    }

    async fn poll_with(&self, flow: &Reply, request: &Value) -> Reply {
        self.integrator.step(&flow.handle(), "poll", request).await
    }

    /// Moves the server's clock.
    async fn wait(&self, seconds: u32) {
        self.post(&format!("/clock?ahead={seconds}"), "").await;
    }

    /// A form that reaches the server directly.
    async fn post(&self, path: &str, form: &str) -> Vec<u8> {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", self.server.url()))
            .header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await;
        let body = response.expect("the server answers").bytes().await;
        body.expect("a whole body").to_vec()
    }

    /// The state that the flow is left in.
    async fn state(&self, flow: &Reply) -> String {
        self.integrator.state(&flow.handle()).await
    }
}

/// The address that the device shows.
fn shown(flow: &Reply) -> String {
    flow.text("/verification_uri_complete")
}

#[tokio::test]
async fn the_code_that_the_user_needs_is_shown_with_the_flow() {
    let site = Site::open();

    let flow = site.started().await;

    let read = format!("/v1/flows/{}/status", flow.handle());
    let read = site.integrator.get(&read).await;
    assert_eq!(read.text("/user_code"), flow.text("/backend/user_code"));
    assert_eq!(read.member("/expires_in"), json!(600));
}

#[tokio::test]
async fn the_codes_are_nobodys_flow_id() {
    let site = Site::open();

    let flow = site.started().await;

    assert_eq!(flow.member("/flowID"), Value::Null);
}

#[tokio::test]
async fn tokens_come_when_the_user_has_approved() {
    let site = Site::open();
    let flow = site.started().await;
    user::approves(&shown(&flow)).await;

    let granted = site.poll(&flow).await;

    assert_eq!(granted.text("/state"), "granted");
    assert_eq!(granted.text("/backend/token_type"), "Bearer");
    assert!(!granted.text("/backend/access_token").is_empty());
}

#[tokio::test]
async fn tokens_are_asked_for_once() {
    let site = Site::open();
    let flow = site.started().await;
    user::approves(&shown(&flow)).await;
    site.poll(&flow).await;

    let again = site.poll_in_time(&flow).await;

    assert_eq!(again.text("/code"), "terminal_state");
}

#[tokio::test]
async fn a_flow_waits_while_the_user_has_not_decided() {
    let site = Site::open();
    let flow = site.started().await;
    site.poll(&flow).await;

    let pending = site.poll_in_time(&flow).await;

    assert_eq!(pending.text("/state"), "pending");
    assert_eq!(pending.text("/backend/error"), "authorization_pending");
}

#[tokio::test]
async fn the_answer_to_a_poll_is_kept_byte_for_byte_under_its_own_status() {
    let site = Site::open();
    let flow = site.started().await;
    site.poll(&flow).await;

    let path = format!("/v1/flows/{}/steps/poll/response", flow.handle());
    let kept = site.integrator.get(&path).await;

    let device = site.post("/device_authorization", "client_id=tv").await;
    let device: Value = serde_json::from_slice(&device).expect("JSON");
    let code = device["device_code"].as_str().expect("a device code");
    let form = format!("client_id=tv&grant_type={GRANT_TYPE}&device_code={code}");
    assert_eq!(kept.body, site.post("/token", &form).await);
    assert_eq!(kept.headers["x-backend-status"], "400");
}

#[tokio::test]
async fn a_device_that_polls_too_fast_is_told_to_slow_down() {
    let site = Site::open();
    let flow = site.started().await;
    site.poll(&flow).await;

    let too_fast = site.poll(&flow).await;

    assert_eq!(too_fast.text("/state"), "pending");
    assert_eq!(too_fast.text("/backend/error"), "slow_down");
}

#[tokio::test]
async fn a_device_that_has_slowed_down_gets_its_tokens() {
    let site = Site::open();
    let flow = site.started().await;
    site.poll(&flow).await;
    site.poll(&flow).await;
    user::approves(&shown(&flow)).await;

    // RFC 8628, 3.5: five seconds more from now on.
    site.wait(5).await;
    let granted = site.poll_in_time(&flow).await;

    assert_eq!(granted.text("/state"), "granted");
}

#[tokio::test]
async fn a_user_who_knows_no_such_device_denies_the_flow() {
    let site = Site::open();
    let flow = site.started().await;
    user::aborts(&shown(&flow)).await;

    let denied = site.poll(&flow).await;

    assert_eq!(denied.text("/state"), "denied");
    assert_eq!(denied.text("/backend/error"), "access_denied");
}

#[tokio::test]
async fn a_user_who_does_not_sign_in_denies_the_flow() {
    let site = Site::open();
    let flow = site.started().await;
    user::refuses_to_sign_in(&shown(&flow)).await;

    let denied = site.poll(&flow).await;

    assert_eq!(denied.text("/state"), "denied");
}

#[tokio::test]
async fn a_code_that_the_server_lets_expire_ends_the_flow() {
    let site = Site::open();
    let flow = site.started().await;
    site.wait(601).await;

    let expired = site.poll(&flow).await;

    assert_eq!(expired.text("/state"), "expired");
    assert_eq!(expired.text("/backend/error"), "expired_token");
}

#[tokio::test]
async fn a_code_whose_tokens_went_elsewhere_ends_the_flow() {
    let site = Site::open();
    let flow = site.started().await;
    user::approves(&shown(&flow)).await;
    let code = flow.text("/backend/device_code");
    let form = format!("client_id=tv&grant_type={GRANT_TYPE}&device_code={code}");
    site.post("/token", &form).await;

    let refused = site.poll_in_time(&flow).await;

    assert_eq!(refused.text("/state"), "refused");
    assert_eq!(refused.text("/backend/error"), "invalid_grant");
}

#[tokio::test]
async fn tokens_whose_answer_was_lost_are_gone() {
    let site = Site::open();
    let flow = site.started().await;
    user::approves(&shown(&flow)).await;
    site.proxy.when_sent(b"POST /token", Action::LoseReply);
    let lost = site.poll(&flow).await;
    assert_eq!(lost.text("/outcome"), "unknown");

    let refused = site.poll_in_time(&flow).await;

    assert_eq!(refused.text("/state"), "refused");
}

#[tokio::test]
async fn a_client_that_the_server_does_not_know_starts_no_flow() {
    let site = Site::open();

    let refused = site.start("nobody").await;

    assert_eq!(refused.status, 502);
    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.text("/backend/error"), "invalid_client");
}

#[tokio::test]
async fn a_grant_type_that_the_server_does_not_take_leaves_the_flow_as_it_was() {
    let site = Site::open();
    let flow = site.started().await;

    let wrong = json!({ "grant_type": "password" });
    let refused = site.poll_with(&flow, &wrong).await;

    assert_eq!(refused.text("/backend/error"), "unsupported_grant_type");
    assert_eq!(site.state(&flow).await, "pending");
}

#[tokio::test]
async fn a_caller_brings_no_code_of_its_own() {
    let site = Site::open();
    let flow = site.started().await;

    let own = json!({ "grant_type": GRANT_TYPE, "device_code": "mine" });
    let refused = site.poll_with(&flow, &own).await;

    assert_eq!(refused.text("/code"), "invalid_input");
}

#[tokio::test]
async fn a_client_with_a_secret_is_vouched_for_by_the_backends_headers() {
    let credentials = "headers = { Authorization = \"Basic a2lvc2s6a2lvc2stc2VjcmV0\" }";
    let site = Site::with(credentials);
    let flow = site.start("kiosk").await;
    user::approves(&shown(&flow)).await;

    let granted = site.poll(&flow).await;

    assert_eq!(granted.text("/state"), "granted");
}

#[tokio::test]
async fn a_client_whose_secret_the_caller_brings_is_known_by_it() {
    let site = Site::open();
    let request = json!({ "client_id": "desk", "client_secret": "desk-secret", "scope": "openid" });
    let flow = site.integrator.start(&request).await;
    user::approves(&shown(&flow)).await;

    let request = json!({ "grant_type": GRANT_TYPE, "client_secret": "desk-secret" });
    let granted = site.poll_with(&flow, &request).await;

    assert_eq!(granted.text("/state"), "granted");
}

#[tokio::test]
async fn a_wrong_secret_leaves_the_flow_as_it_was() {
    let site = Site::open();
    let request = json!({ "client_id": "desk", "client_secret": "desk-secret", "scope": "openid" });
    let flow = site.integrator.start(&request).await;

    let request = json!({ "grant_type": GRANT_TYPE, "client_secret": "another" });
    let refused = site.poll_with(&flow, &request).await;

    assert_eq!(refused.text("/backend/error"), "invalid_client");
    assert_eq!(site.state(&flow).await, "pending");
}

#[tokio::test]
async fn a_client_without_its_secret_starts_no_flow() {
    let site = Site::open();

    let refused = site.start("kiosk").await;

    assert_eq!(refused.member("/backendStatus"), json!(401));
    assert_eq!(refused.text("/backend/error"), "invalid_client");
}
