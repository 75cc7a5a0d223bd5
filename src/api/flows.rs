//! The routes of flows. Handlers translate; they decide nothing.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use integrator_core::flow::record::Origin;
use integrator_core::protocol::table::START;
use sha2::{Digest, Sha256};
use tracing::Span;

use super::facts::{Artifacts, Facts, TraceId};
use super::failure::unclassified;
use super::problem::Problem;
use super::{Api, body, cross_site, entropy_failed, headers, observation, query};
use crate::envelope::Envelope;
use crate::orchestrator::code::Code;
use crate::orchestrator::reply::{Observation, Outcome, Reply};
use crate::orchestrator::{CallbackOrder, Delivery, ExpireOrder, StartOrder, StepOrder};
use crate::phase::Phase;

type Params<T> = Result<Path<T>, PathRejection>;
type Answer = Result<Response<Body>, Problem>;

/// `POST /v1/flows/start`
pub(super) async fn start(
    State(api): State<Api>,
    RawQuery(raw): RawQuery,
    request: Request,
) -> Answer {
    let query = query::protocol(raw.as_deref());
    let started = start_named(&api, query.clone(), request).await;
    started.map_err(|problem| Problem {
        step: Some(START.to_owned()),
        protocol: problem
            .protocol
            .or_else(|| api.defined_name(query.ok().flatten().as_deref())),
        ..problem
    })
}

async fn start_named(
    api: &Api,
    query: Result<Option<String>, Problem>,
    request: Request,
) -> Answer {
    api.admits_work()?;
    let (parts, sent) = request.into_parts();
    let body = body::read(&parts.headers, sent).await?;
    let correlation_id = headers::correlation_id(&parts.headers)?;
    let order = StartOrder {
        protocol: query?,
        correlation_id: correlation_id
            .unwrap_or_else(|| super::layers::generated_id(&parts.extensions)),
        key: headers::idempotency_key(&parts.headers)?,
        sent: api.delivery(body, parts.headers)?,
    };
    let sent = order.sent.clone();
    api.told(api.orchestrator.start(order).await, &sent)
}

/// `POST /v1/flows/{flowHandle}/{step}`
pub(super) async fn step(
    State(api): State<Api>,
    params: Params<(String, String)>,
    request: Request,
) -> Answer {
    api.admits_work()?;
    let sent = api.received(request).await?;
    let Path((handle, step)) = params.map_err(unreadable_path)?;
    let order = StepOrder {
        handle,
        step,
        sent: sent.clone(),
    };
    api.told(api.orchestrator.advance(order).await, &sent)
}

/// `POST /v1/callbacks/{protocol}/{step}`
pub(super) async fn callback(
    State(api): State<Api>,
    params: Params<(String, String)>,
    request: Request,
) -> Answer {
    api.admits_work()?;
    let sent = api.received(request).await?;
    let Path((protocol, step)) = params.map_err(unreadable_path)?;
    let order = CallbackOrder {
        protocol,
        step,
        sent: sent.clone(),
    };
    api.told(api.orchestrator.call_back(order).await, &sent)
}

/// `GET /v1/flows/{flowHandle}/status`
pub(super) async fn status(State(api): State<Api>, params: Params<String>) -> Answer {
    api.admits_work()?;
    let Path(handle) = params.map_err(unreadable_path)?;
    Ok(shown(&api.orchestrator.observe(&handle).await?))
}

/// `POST /v1/flows/{flowHandle}/expire`
pub(super) async fn expire(
    State(api): State<Api>,
    params: Params<String>,
    request: Request,
) -> Answer {
    api.admits_work()?;
    cross_site::refuse(request.headers())?;
    let sent = api.received(request).await?;
    let Path(handle) = params.map_err(unreadable_path)?;
    let order = ExpireOrder { handle, sent };
    Ok(shown(&api.orchestrator.expire(order).await?))
}

/// `GET /v1/flows/{flowHandle}/history`
pub(super) async fn history(State(api): State<Api>, params: Params<String>) -> Answer {
    api.admits_work()?;
    let Path(handle) = params.map_err(unreadable_path)?;
    let past = api.orchestrator.past(&handle).await?;
    Ok(json(observation::history(&past), &past.origin))
}

/// `GET /v1/flows/{flowHandle}/steps/{step}/response`
pub(super) async fn response(State(api): State<Api>, params: Params<(String, String)>) -> Answer {
    api.admits_work()?;
    let Path((handle, step)) = params.map_err(unreadable_path)?;
    let recorded = api.orchestrator.answer(&handle, &step).await?;
    let answer = &recorded.answer.answer;
    let mut response = Response::new(Body::from(answer.body.clone()));
    let headers = response.headers_mut();
    if let Some(content_type) = &answer.content_type
        && let Ok(value) = HeaderValue::from_bytes(content_type)
    {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert("x-backend-status", HeaderValue::from(answer.status));
    let digest = format!(
        "sha-256=:{}:",
        STANDARD.encode(Sha256::digest(&answer.body))
    );
    if let Ok(value) = HeaderValue::try_from(digest) {
        headers.insert("repr-digest", value);
    }
    response
        .extensions_mut()
        .insert(Facts::of_origin(&recorded.origin));
    Ok(response)
}

impl Api {
    /// The name of the protocol that a start asks for, if it is a defined one.
    fn defined_name(&self, asked: Option<&str>) -> Option<Arc<str>> {
        let catalog = self.orchestrator.catalogs().current();
        let protocol = asked.map_or_else(|| Some(catalog.default()), |name| catalog.get(name));
        protocol.map(|protocol| protocol.name().into())
    }

    /// A request, read whole.
    async fn received(&self, request: Request) -> Result<Delivery, Problem> {
        let (parts, sent) = request.into_parts();
        let body = body::read(&parts.headers, sent).await?;
        self.delivery(body, parts.headers)
    }

    fn delivery(&self, body: Bytes, headers: HeaderMap) -> Result<Delivery, Problem> {
        let trace = headers::trace(&headers, self.orchestrator.entropy())
            .map_err(|error| entropy_failed(&error))?;
        let envelope = Envelope::new(headers, trace.within(&Span::current()));
        Ok(Delivery { body, envelope })
    }

    /// Once the drain delay is over, nothing more is begun on connections that are still open.
    pub(super) fn admits_work(&self) -> Result<(), Problem> {
        if self.phase.get() == Phase::Refusing {
            let detail = "this instance is stopping and takes no more requests. Send it again: \
                          another instance, or the next one, will take it.";
            return Err(Problem::new(Code::ShuttingDown, detail).closing());
        }
        Ok(())
    }

    fn told(&self, outcome: Outcome, sent: &Delivery) -> Answer {
        let body = &sent.body;
        let artifacts = match &outcome {
            Ok(reply) => {
                let step = reply.protocol.step_by_id(reply.answer.step);
                self.telemetry.artifacts(step, body)
            }
            Err(failure) => {
                let protocol = failure.protocol.as_deref();
                let step = protocol
                    .zip(failure.step.as_deref())
                    .and_then(|(protocol, step)| protocol.step(step));
                step.and_then(|step| self.telemetry.artifacts(step, body))
            }
        };
        let mut response = outcome.map_or_else(
            |failure| Problem::from(failure).into_response(),
            |reply| told(&reply),
        );
        let extensions = response.extensions_mut();
        extensions.insert(TraceId(sent.envelope.trace().id().to_owned()));
        if let Some(artifacts) = artifacts {
            extensions.insert(Artifacts(artifacts));
        }
        Ok(response)
    }
}

fn told(reply: &Reply) -> Response<Body> {
    let mut response = match unclassified(reply) {
        Some(problem) => problem.into_response(),
        None => reply_response(reply),
    };
    response.extensions_mut().insert(Facts::of_reply(reply));
    response
}

fn reply_response(reply: &Reply) -> Response<Body> {
    let mut response = json(observation::reply(reply), &reply.origin);
    if reply.replayed {
        response
            .headers_mut()
            .insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn shown(seen: &Observation) -> Response<Body> {
    let mut response = json(observation::observation(seen), &seen.origin);
    response
        .extensions_mut()
        .insert(Facts::of_observation(seen));
    response
}

fn json(body: Bytes, origin: &Origin) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.extensions_mut().insert(Facts::of_origin(origin));
    response
}

pub(super) fn unreadable_path(_: PathRejection) -> Problem {
    Problem::new(
        Code::NotFound,
        "the path is not readable as UTF-8 once decoded",
    )
}
