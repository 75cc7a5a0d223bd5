//! A backend that takes whatever it is sent, so that flows go all the way, whatever their artifacts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Answer = ([(HeaderName, &'static str); 1], String);

/// Starts it on a free port.
pub(crate) async fn start() -> SocketAddr {
    let routes = Router::new()
        .route("/app-attest/register", post(register))
        .route("/app-attest/client-data-hash", post(client_data_hash))
        .route("/app-attest/verify", post(verify));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// A request is read whole, whatever it holds: what is left unread ends a connection.
async fn register(_: Bytes) -> Answer {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    answer(&json!({ "flowID": format!("flow-{number}"), "status": "registered" }))
}

async fn client_data_hash(_: Bytes) -> Answer {
    answer(&json!({ "clientDataHash_base64": "aGFzaA==" }))
}

async fn verify(_: Bytes) -> Answer {
    answer(&json!({ "verified": true, "signCount": 1 }))
}

fn answer(body: &Value) -> Answer {
    ([(CONTENT_TYPE, "application/json")], body.to_string())
}
