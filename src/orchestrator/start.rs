//! Starting a flow.

use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::ids::Fingerprint;
use integrator_core::flow::machine::{Request, begin_again, create};
use integrator_core::flow::record::Origin;
use integrator_core::flow::refusal::{Refusal, Why};
use integrator_core::protocol::table::START;
use integrator_core::protocol::{Body, Protocol};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::advance::{Followed, in_progress};
use super::code::Code;
use super::delivery::Delivery;
use super::failure::{Failure, FailureKind};
use super::leads::Basis;
use super::reply::Outcome;
use super::{Found, Orchestrator};
use crate::entropy;
use crate::spans;
use crate::store::{Created, StartKey, Stored};

/// How often a keyed start is tried anew because the flow that it names came or went.
const ROUNDS: usize = 16;

/// A request to start a flow.
#[derive(Clone)]
pub struct StartOrder {
    /// The protocol's name as the caller wrote it; the default protocol where there is none.
    pub protocol: Option<String>,
    /// What the caller sent.
    pub sent: Delivery,
    /// The caller's correlation id, or a new one.
    pub correlation_id: Arc<str>,
    /// The caller's idempotency key.
    pub key: Option<Arc<str>>,
}

/// A start whose body was read and whose protocol was found.
struct Readable<'a> {
    order: &'a StartOrder,
    protocol: &'a Arc<Protocol>,
    body: &'a Body<'a>,
    fingerprint: Fingerprint,
    key: Option<StartKey>,
}

impl Orchestrator {
    /// Starts a flow, or tells the recorded answer of the same keyed start again.
    ///
    /// # Errors
    ///
    /// A [`Failure`]; no flow is left behind then, unless the start was keyed or the backend's
    /// answer could not be placed.
    pub async fn start(self: &Arc<Self>, order: StartOrder) -> Outcome {
        let (orchestrator, envelope) = (self.clone(), order.sent.envelope.clone());
        let run = async move { Box::pin(orchestrator.run_start(&order)).await };
        self.traced(&envelope, run).await
    }

    async fn run_start(self: &Arc<Self>, order: &StartOrder) -> Outcome {
        let read = order.sent.read();
        let (protocol, removed) = match self.protocol_named(order.protocol.as_deref()) {
            Ok(protocol) => (protocol, None),
            Err(unknown) => {
                let unknown = read.unless_unreadable(unknown);
                match self.removed(order).await? {
                    Some(protocol) => (protocol, Some(unknown)),
                    None => return Err(unknown),
                }
            }
        };
        let body = read.of(protocol.start());
        let body = body.map_err(|failure| of_start(&protocol, failure))?;
        let start = Readable {
            order,
            protocol: &protocol,
            body: &body,
            fingerprint: start_fingerprint(&protocol, &order.sent.body),
            key: order.key.clone().map(StartKey),
        };
        let mut missed = None;
        let mut rounds = 0;
        while rounds < ROUNDS {
            let followed = match self.existing(start.key.as_ref()).await? {
                Some(found) => {
                    let step = found.protocol.start();
                    let body = read
                        .of(step)
                        .map_err(|failure| of_start(&protocol, failure))?;
                    let request = Request {
                        step,
                        body: &body,
                        fingerprint: start.fingerprint,
                    };
                    let terms = self.terms(&found.protocol)?;
                    let judged =
                        begin_again(&found.flow, &found.protocol, request, terms, &found.now);
                    self.follow(judged, &found, step, &order.sent.envelope, &mut missed)
                        .await
                }
                None => match removed {
                    Some(unknown) => return Err(unknown),
                    None => self.create(&start).await?,
                },
            };
            match followed {
                Followed::Told(outcome) => return outcome,
                Followed::Waited => {}
                Followed::Again => {
                    rounds += 1;
                    // Whoever changed the flow may run on this very thread.
                    tokio::task::yield_now().await;
                }
            }
        }
        match self.existing(start.key.as_ref()).await? {
            Some(found) => Err(in_progress(&found, found.protocol.start())),
            None => Err(Failure::new(FailureKind::Internal(
                "a keyed start found no end".to_owned(),
            ))),
        }
    }

    fn protocol_named(&self, name: Option<&str>) -> Result<Arc<Protocol>, Failure> {
        let catalog = self.shared.catalogs.current();
        let protocol = name.map_or_else(|| Some(catalog.default()), |name| catalog.get(name));
        protocol.cloned().ok_or_else(|| {
            let names: Vec<&str> = catalog.iter().map(|protocol| protocol.name()).collect();
            let known = names.join(", ");
            let detail = format!("no such protocol. Protocols: {known}.");
            Failure {
                step: Some(START.to_owned()),
                ..Failure::new(FailureKind::NotFound(detail))
            }
        })
    }

    /// The protocol that a start asks for by name, where it was removed after the flow that the
    /// start's key names had begun: the same start is told its recorded answer all the same.
    async fn removed(&self, order: &StartOrder) -> Result<Option<Arc<Protocol>>, Failure> {
        let key = order.key.clone().map(StartKey);
        let found = self.existing(key.as_ref()).await?;
        let asked = order.protocol.as_deref();
        let is_asked = |found: &Found| asked == Some(&*found.flow.origin().protocol);
        Ok(found.filter(is_asked).map(|found| found.protocol))
    }

    /// The flow that a start key names already.
    pub(super) async fn existing(&self, key: Option<&StartKey>) -> Result<Option<Found>, Failure> {
        let Some(key) = key else {
            return Ok(None);
        };
        match self.store.started(key).await? {
            Some(handle) => self.find_if_stored(&handle).await,
            None => Ok(None),
        }
    }

    async fn create(self: &Arc<Self>, start: &Readable<'_>) -> Result<Followed, Failure> {
        let protocol = start.protocol;
        let step = protocol.start();
        let in_context = |failure| of_start(protocol, failure);
        let asked = Instant::now();
        let now = self.store.now().await?;
        let request = Request {
            step,
            body: start.body,
            fingerprint: start.fingerprint,
        };
        let origin = Origin {
            handle: entropy::flow_handle(&*self.shared.entropy)?,
            protocol: protocol.name().into(),
            digest: protocol.digest().into(),
            correlation_id: start.order.correlation_id.clone(),
            keyed: start.key.as_ref().map(|_| start.fingerprint),
            issued_at: now.wall,
        };
        let begun = create(origin, protocol, request, self.terms(protocol)?, &now)
            .map_err(|refusal| in_context(Failure::new(FailureKind::Refused(refusal))))?;
        let leave = self.ask(protocol, step, Basis::NoFlow(start.key.as_ref()));
        let Some(leave) = leave.await.map_err(in_context)? else {
            return Ok(Followed::Waited);
        };
        let envelope = &start.order.sent.envelope;
        let conversation = self.conversation(begun, leave, protocol, envelope, asked);
        let conversation = conversation.map_err(in_context)?;
        let record = Stored::new(conversation.flow().clone(), protocol.clone());
        let span = spans::claim(conversation.about());
        let created = self.store.create(record, start.key.clone());
        let created = created.instrument(span.clone()).await;
        if created.is_err() {
            spans::failed(&span, Code::StoreUnavailable.as_str());
        }
        drop(span);
        match created {
            Ok(Created::Created) => Ok(Followed::Told(self.converse(conversation).await)),
            Ok(Created::Existing(_)) => Ok(Followed::Again),
            Ok(Created::Busy) => Err(in_context(Failure::new(FailureKind::Refused(
                Refusal::new(protocol, protocol.initial(), step, Why::InProgress),
            )))),
            Ok(Created::Full(bound)) => Err(in_context(Failure::new(
                FailureKind::CapacityExhausted(format!(
                    "no flow can be started now: {bound}. Flows that exist go on. Try again later."
                )),
            ))),
            Err(error) => {
                let failure = in_context(error.clone().into());
                let outcome = self.unacknowledged(conversation, error, failure);
                Ok(Followed::Told(outcome.await))
            }
        }
    }
}

/// A failure of a start that has no flow to speak of.
fn of_start(protocol: &Arc<Protocol>, failure: Failure) -> Failure {
    Failure {
        protocol: Some(protocol.clone()),
        ..failure.at_step(protocol.start())
    }
}

/// A start is the same as another when it starts the same protocol with the same body. Names of
/// protocols hold no NUL, so that no two pairs give one text.
fn start_fingerprint(protocol: &Protocol, body: &Bytes) -> Fingerprint {
    let mut digest = Sha256::new();
    digest.update(protocol.name());
    digest.update([0]);
    digest.update(body);
    Fingerprint(digest.finalize().into())
}
