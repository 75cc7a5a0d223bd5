//! Signed events on their way out: Standard Webhooks, by its own library.
//!
//! An event keeps its id and its bytes over all deliveries; time and signature are those of the
//! delivery. Every delivery is kept in a log that can be waited on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::sync::watch;

use crate::answer::{Answer, ok, unknown};
use crate::fresh;

/// How long the receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where events go, and what they are signed with.
#[derive(clap::Args, Clone)]
pub struct Target {
    /// Where signed events are posted; without it none are
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// The secret that events are signed with, as Standard Webhooks spells it: whsec_BASE64
    #[arg(
        long,
        value_name = "SECRET",
        env = "GATEWAY_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    webhook_secret: Option<String>,
    /// Seconds by which the clock that stamps deliveries is wrong
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    clock_skew: i64,
}

/// One delivery: what was sent, and the status of the answer or why there is none.
#[derive(Clone, Debug, Serialize)]
struct Delivery {
    #[serde(rename = "eventID")]
    event_id: String,
    headers: HashMap<&'static str, String>,
    body: String,
    status: Option<u16>,
    failure: Option<String>,
}

/// The events of a process and their deliveries. Cheap to clone; kept until the process ends.
#[derive(Clone)]
pub struct Deliveries(Arc<Inner>);

struct Inner {
    url: String,
    signer: Webhook,
    clock_skew: i64,
    http: reqwest::Client,
    events: Mutex<HashMap<String, String>>,
    log: watch::Sender<Vec<Delivery>>,
}

impl Deliveries {
    /// Deliveries to `target`, if it names a place.
    ///
    /// # Errors
    ///
    /// A secret that is none, in words that do not repeat it.
    pub fn to(target: Target) -> Result<Option<Self>, String> {
        let (Some(url), Some(secret)) = (target.webhook_url, target.webhook_secret) else {
            return Ok(None);
        };
        let signer = Webhook::new(&secret)
            .map_err(|_| "--webhook-secret: write whsec_ and base64".to_owned())?;
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT);
        let http = http.build().map_err(|error| error.to_string())?;
        Ok(Some(Deliveries(Arc::new(Inner {
            url,
            signer,
            clock_skew: target.clock_skew,
            http,
            events: Mutex::default(),
            log: watch::Sender::default(),
        }))))
    }

    /// Sends an event, once, after this has returned.
    pub fn send(&self, kind: &str, data: &Value) {
        let id = fresh::name("evt");
        let body = json!({"type": kind, "timestamp": fresh::now().to_string(), "data": data});
        let mut events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.insert(id.clone(), body.to_string());
        drop(events);
        let deliveries = self.clone();
        tokio::spawn(async move { deliveries.deliver(id, body.to_string()).await });
    }

    async fn deliver(&self, event_id: String, body: String) -> Delivery {
        let seconds = fresh::now().as_second().saturating_add(self.0.clock_skew);
        let (headers, sent) = match self.0.signer.sign(&event_id, seconds, body.as_bytes()) {
            Ok(signature) => {
                let headers = HashMap::from([
                    ("webhook-id", event_id.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", signature),
                ]);
                let sent = self.post(&headers, body.clone()).await;
                (headers, sent)
            }
            Err(error) => (HashMap::new(), Err(error.to_string())),
        };
        let delivery = Delivery {
            event_id,
            headers,
            body,
            status: sent.as_ref().ok().copied(),
            failure: sent.err(),
        };
        self.0.log.send_modify(|log| log.push(delivery.clone()));
        delivery
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "an authority is a process of its own; its events leave here alone"
    )]
    async fn post(
        &self,
        headers: &HashMap<&'static str, String>,
        body: String,
    ) -> Result<u16, String> {
        let mut request = self.0.http.post(&self.0.url).body(body);
        request = request.header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        Ok(answer.status().as_u16())
    }
}

/// `GET /deliveries?after=N` and `POST /events/{id}/deliver`.
pub fn routes(deliveries: Deliveries) -> axum::Router {
    axum::Router::new()
        .route("/deliveries", get(list))
        .route("/events/{id}/deliver", post(again))
        .with_state(deliveries)
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    after: usize,
}

/// Waits until there are more deliveries than `after`, then lists those.
async fn list(State(deliveries): State<Deliveries>, Query(which): Query<Which>) -> Answer {
    let mut log = deliveries.0.log.subscribe();
    // The sender lives in `deliveries`, so that waiting cannot fail.
    let log = log.wait_for(|log| log.len() > which.after).await;
    let later: Vec<Delivery> = log
        .map(|log| log.iter().skip(which.after).cloned().collect())
        .unwrap_or_default();
    ok(json!({"deliveries": later}))
}

/// Delivers an event once more, and answers with what came of it.
async fn again(State(deliveries): State<Deliveries>, Path(id): Path<String>) -> Answer {
    let events = deliveries.0.events.lock();
    let body = events
        .unwrap_or_else(PoisonError::into_inner)
        .get(&id)
        .cloned();
    let Some(body) = body else {
        return unknown("event", &id);
    };
    let delivery = deliveries.deliver(id, body).await;
    (StatusCode::OK, Json(json!(delivery)))
}
