//! Asking a service, within bounds of time and size.

use std::future::Future;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response, redirect};
use tokio::time::timeout;

use super::Failure;
use super::seen::Seen;
use super::words::clean;
use crate::backend::base_url::BaseUrl;

/// The whole time that a question may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is taken in.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// When somebody at a terminal is told that an answer is waited for, and how often.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// A caller of one service.
pub(super) struct Client {
    http: reqwest::Client,
    url: BaseUrl,
}

/// An answer.
pub(super) struct Reply {
    status: u16,
    is_json: bool,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn new(url: BaseUrl) -> Result<Self, Failure> {
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(PATIENCE);
        if url.as_str().starts_with("http:") {
            // Without TLS no roots have to be there.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build();
        let http = http.map_err(|error| Failure::Failed(format!("no HTTP client: {error}")))?;
        Ok(Self { http, url })
    }

    /// Reads; anything but a success is a failure.
    pub(super) async fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let request = self.http.get(self.url.join(path));
        self.ask(request).await?.success(&self.url)
    }

    /// Asks for something to be done, without a body.
    pub(super) async fn post(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let request = self.http.post(self.url.join(path)).body(Vec::new());
        self.ask(request).await?.success(&self.url)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let asked = async { self.whole(self.begun(request).await?).await };
        match self.told_while(timeout(PATIENCE, asked)).await {
            Ok(answered) => answered,
            Err(_) => Err(self.unreached("it gave no whole answer within 10 s")),
        }
    }

    /// Begins to read a stream of events after the one with this id.
    pub(super) async fn stream(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<Response, Failure> {
        let mut request = self.http.get(self.url.join(path));
        request = request.header(ACCEPT, "text/event-stream");
        if let Some(id) = after {
            request = request.header("Last-Event-ID", id);
        }
        let begun = timeout(PATIENCE, self.begun(request)).await;
        let response = begun.map_err(|_| self.unreached("it gave no answer within 10 s"))??;
        let is_stream = has_type(&response, "text/event-stream");
        if response.status().as_u16() == 200 && is_stream {
            return Ok(response);
        }
        let whole = timeout(PATIENCE, self.whole(response)).await;
        let reply = whole.map_err(|_| self.unreached("it gave no whole answer within 10 s"))??;
        reply.success(&self.url)?;
        Err(self.unreached("it answered with no stream of events"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is a caller of the service, not the service"
    )]
    async fn begun(&self, request: RequestBuilder) -> Result<Response, Failure> {
        request
            .send()
            .await
            .map_err(|error| self.unreached(&cause(&error)))
    }

    async fn whole(&self, mut response: Response) -> Result<Reply, Failure> {
        let mut reply = Reply {
            status: response.status().as_u16(),
            is_json: has_type(&response, "application/json")
                || has_type(&response, "application/problem+json"),
            body: Vec::new(),
        };
        let broken = |error: reqwest::Error| self.unreached(&cause(&error));
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if reply.body.len() + chunk.len() > ANSWER_MAX {
                return Err(self.unreached("its answer is larger than 64 MiB"));
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    pub(super) fn unreached(&self, why: &str) -> Failure {
        Failure::Unreached(format!(
            "no answer from {}: {}",
            self.url.as_str(),
            clean(why)
        ))
    }

    /// Waits, and says so to somebody who sits at a terminal.
    async fn told_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        if !io::stderr().is_terminal() {
            return work.await;
        }
        let mut waited = Duration::ZERO;
        loop {
            if let Ok(done) = timeout(TOLD_AFTER, &mut work).await {
                if !waited.is_zero() {
                    tell("\r\u{1b}[K");
                }
                return done;
            }
            waited += TOLD_AFTER;
            let seconds = waited.as_secs();
            tell(&format!("\rwaiting for {}, {seconds} s", self.url.as_str()));
        }
    }
}

impl Reply {
    /// The body of a success.
    fn success(self, url: &BaseUrl) -> Result<Vec<u8>, Failure> {
        let seen = Seen::read(&self.body).filter(|_| self.is_json);
        match (self.status, seen) {
            (200, Some(_)) => Ok(self.body),
            (status, Some(problem)) if status >= 400 && problem.text("code").is_some() => {
                let code = problem.text("code").unwrap_or_default();
                let detail = problem.text("detail").unwrap_or_default();
                Err(Failure::Refused {
                    text: format!("{}: {}", clean(&code), clean(&detail)),
                    is_input: code == "invalid_input",
                    problem: self.body,
                })
            }
            (status, _) => Err(Failure::Failed(format!(
                "{} does not answer as this service does (status {status}). Is something else \
                 there? --url says where the service is.",
                url.as_str()
            ))),
        }
    }
}

fn has_type(response: &Response, media_type: &str) -> bool {
    let told = response.headers().get(CONTENT_TYPE);
    let told = told.and_then(|told| told.to_str().ok());
    told.is_some_and(|told| {
        told.split(';')
            .next()
            .is_some_and(|told| told.trim() == media_type)
    })
}

/// The innermost reason: those around it say that a request failed.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// What nobody can read is not missed.
fn tell(text: &str) {
    let mut out = io::stderr().lock();
    let _untold = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
