//! The client of the party with authority: one connection pool, no redirects, no retries, no
//! cookies, no proxies, no decompression.

use std::time::Duration;

use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::Sent;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use super::answer::read_whole;
use super::base_url::BaseUrl;
use super::encoding::{self, Written};
use super::error::{CallError, innermost};
use super::request::BackendRequest;

/// Idle connections are given up before a backend with the shortest usual keep-alive (5 s) does.
const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(4);
/// Connections kept for reuse, per runtime.
const IDLE_CONNECTIONS: usize = 128;

/// How to reach one backend.
#[derive(Clone)]
pub struct Options {
    /// Where it is.
    pub base_url: BaseUrl,
    /// One deadline over a whole call: connection, request and answer.
    pub timeout: Duration,
    /// Headers that every call carries; their values may be secret.
    pub headers: Vec<(String, String)>,
}

/// The client could not be made.
#[derive(Debug, Error)]
#[error("the client of backend {base_url} cannot be made: {cause}")]
pub struct BuildError {
    base_url: String,
    cause: String,
}

/// Calls one backend. Its connections belong to the runtime that it is used on.
pub struct BackendClient {
    client: Client,
    base_url: BaseUrl,
    timeout: Duration,
    configured: HeaderMap,
}

impl BackendClient {
    /// A client without any connection yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where a header is malformed or TLS cannot be set up.
    pub fn new(options: &Options) -> Result<Self, BuildError> {
        let failed = |cause: String| BuildError {
            base_url: options.base_url.as_str().to_owned(),
            cause,
        };
        let configured = header_map(&options.headers).map_err(failed)?;
        let client = Client::builder()
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(connect_timeout(options.timeout))
            .pool_idle_timeout(IDLE_CONNECTION_LIFE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .user_agent(concat!("appattest-integrator/", env!("CARGO_PKG_VERSION")))
            .default_headers(configured.clone());
        let client = trusting(client, &options.base_url)
            .build()
            .map_err(|error| failed(innermost(&error)))?;
        Ok(Self {
            client,
            base_url: options.base_url.clone(),
            timeout: options.timeout,
            configured,
        })
    }

    /// The host, an IPv6 address without brackets, and the port that it calls.
    #[must_use]
    pub fn place(&self) -> (&str, u16) {
        let host = self.base_url.host().trim_matches(['[', ']']);
        (host, self.base_url.port())
    }

    /// How long a call may take in all.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Makes one call and reads its answer whole by `deadline`.
    ///
    /// # Errors
    ///
    /// A [`CallError`] that says whether the request may have reached the backend.
    pub async fn call(
        &self,
        request: BackendRequest,
        deadline: Instant,
    ) -> Result<WholeAnswer, CallError> {
        if Instant::now() >= deadline {
            return Err(CallError::TimedOut {
                sent: Sent::NotSent,
                detail: "no time was left to ask the backend".to_owned(),
            });
        }
        let exchange = async {
            let response = self
                .send(request)
                .await
                .map_err(|error| CallError::classify(&error))?;
            read_whole(response).await
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| {
            Err(CallError::TimedOut {
                sent: Sent::Unknown,
                detail: format!(
                    "the backend gave no whole answer within {} ms",
                    self.timeout.as_millis()
                ),
            })
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that sends")]
    async fn send(&self, request: BackendRequest) -> Result<reqwest::Response, reqwest::Error> {
        let BackendRequest { message, .. } = &request;
        let url = self.base_url.join(&encoding::target(message));
        let mut call = match encoding::body(&message.payload) {
            None => self.client.get(url),
            Some(Written {
                content_type,
                bytes,
            }) => {
                let post = self.client.post(url);
                // A library leaves the length of nothing out, and servers refuse a POST without.
                let post = if bytes.is_empty() {
                    post.header(CONTENT_LENGTH, "0")
                } else {
                    post.body(bytes)
                };
                content_type
                    .into_iter()
                    .fold(post, |post, said| post.header(CONTENT_TYPE, said))
            }
        };
        for (name, value) in &request.headers {
            // What the operator configured is not the caller's to replace.
            if !self.configured.contains_key(name) {
                call = call.header(name, value);
            }
        }
        call = call
            .header("x-correlation-id", &*request.correlation_id)
            .header("x-flow-handle", request.flow_handle)
            .header("idempotency-key", request.attempt)
            .header("traceparent", request.trace.parent());
        if let Some(state) = request.trace.state() {
            call = call.header("tracestate", state);
        }
        call.send().await
    }
}

/// Certificates are checked against the system's roots. A backend that is reached without TLS needs
/// none, and a machine that has none still reaches it.
fn trusting(builder: ClientBuilder, base_url: &BaseUrl) -> ClientBuilder {
    if base_url.as_str().starts_with("https:") {
        builder
    } else {
        builder.tls_certs_only([])
    }
}

/// Connecting ends a little before the whole call does, so that a call that ends there is known
/// never to have been sent.
fn connect_timeout(timeout: Duration) -> Duration {
    timeout.mul_f32(0.9)
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let malformed = || format!("header {name} is malformed");
        let header = HeaderName::try_from(name).map_err(|_| malformed())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| malformed())?;
        value.set_sensitive(true);
        map.insert(header, value);
    }
    Ok(map)
}
