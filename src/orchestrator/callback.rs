//! Running a step for somebody who knows the backend's id of the flow and not its handle.

use std::borrow::Cow;
use std::sync::Arc;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::json::{Pointer, Resolved, Value};
use integrator_core::protocol::members::REQUEST_DEPTH_MAX;
use integrator_core::protocol::{Protocol, Sends, Step};

use super::advance::StepOrder;
use super::delivery::Delivery;
use super::failure::{Failure, FailureKind};
use super::reply::Outcome;
use super::{Found, Orchestrator};
use crate::store::{LookupKey, Order, Position, Query};

/// How many flows of one id are looked at, the newest first.
const MOST_FLOWS: usize = 64;

/// A request to run a step of the flow that its body names.
#[derive(Clone)]
pub struct CallbackOrder {
    /// The protocol's name, as the caller wrote it.
    pub protocol: String,
    /// The step's name, as the caller wrote it.
    pub step: String,
    /// What the caller sent.
    pub sent: Delivery,
}

impl Orchestrator {
    /// Runs a step of the flow whose id at the backend stands in the body.
    ///
    /// # Errors
    ///
    /// A [`Failure`], as of any step; [`FailureKind::NotFound`] where no flow has the id.
    pub async fn call_back(self: &Arc<Self>, order: CallbackOrder) -> Outcome {
        let (orchestrator, envelope) = (self.clone(), order.sent.envelope.clone());
        let run = async move { Box::pin(orchestrator.run_callback(&order)).await };
        self.traced(&envelope, run).await
    }

    async fn run_callback(self: &Arc<Self>, order: &CallbackOrder) -> Outcome {
        let mut tried: Vec<(Pointer, bool)> = Vec::new();
        let mut refused = None;
        for protocol in self.shared.catalogs.called_back(&order.protocol) {
            let step = protocol.step(&order.step);
            let called = step.and_then(|step| Some((step, step.callback()?)));
            let Some((step, pointer)) = called else {
                continue;
            };
            // What a definition says of the body, and where in it the id stands.
            let way = (pointer.clone(), step.sends() == Sends::Raw);
            if tried.contains(&way) {
                continue;
            }
            tried.push(way);
            match self.flow_called(&protocol, step, pointer, order).await {
                Ok(handle) => {
                    let order = StepOrder {
                        handle: handle.as_str().to_owned(),
                        step: order.step.clone(),
                        sent: order.sent.clone(),
                    };
                    return self.run_step(&order).await;
                }
                Err(failure) => {
                    let is_known_by_none = failure.tells_of_the_request();
                    let failure = Failure {
                        protocol: Some(protocol.clone()),
                        ..failure.at_step(step)
                    };
                    if !is_known_by_none {
                        return Err(failure);
                    }
                    // What is told is told by the definition in use.
                    refused.get_or_insert(failure);
                }
            }
        }
        Err(refused.unwrap_or_else(|| {
            let detail = "no protocol has such a callback step";
            let unknown = Failure::new(FailureKind::NotFound(detail.to_owned()));
            order.sent.read().unless_unreadable(unknown)
        }))
    }

    /// The flow whose id stands at `pointer`.
    async fn flow_called(
        &self,
        protocol: &Protocol,
        step: &Step,
        pointer: &Pointer,
        order: &CallbackOrder,
    ) -> Result<FlowHandle, Failure> {
        order.sent.read().of(step)?;
        let flow_id = named(&order.sent.body, pointer)
            .map_err(|detail| Failure::new(FailureKind::InvalidInput(detail)))?;
        let handle = self.called(protocol, (step, pointer), &flow_id, order);
        handle.await?.ok_or_else(|| {
            let detail = "no flow of this protocol has the id that the callback names";
            Failure::new(FailureKind::NotFound(detail.to_owned()))
        })
    }

    /// The flow that a callback is for: one that this very request ended, else the latest that has
    /// not ended, else the latest.
    async fn called(
        &self,
        protocol: &Protocol,
        (step, pointer): (&Step, &Pointer),
        flow_id: &[u8],
        order: &CallbackOrder,
    ) -> Result<Option<FlowHandle>, Failure> {
        let fingerprint = order.sent.fingerprint();
        let (mut open, mut latest, mut unreadable) = (None, None, None);
        for position in self.with_flow_id(protocol, flow_id).await? {
            let found = match self.find_if_stored(&position.handle).await {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                // One record that is damaged does not keep events from the others.
                Err(failure) if failure.is_unreadable() => {
                    unreadable = Some(failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let Found {
                flow,
                protocol,
                now,
                ..
            } = &found;
            // A flow that began by another definition may not be called back so.
            let own = protocol.step(step.name());
            let Some(own) = own.filter(|own| own.callback() == Some(pointer)) else {
                continue;
            };
            let is_ours = flow.was_moved_by(own.id(), fingerprint);
            let state = flow.state_at(protocol, now);
            if is_ours && protocol.is_terminal(state) && state != protocol.expired() {
                return Ok(Some(position.handle));
            }
            if !protocol.is_terminal(state) && open.is_none() {
                open = Some(position.handle);
            } else if latest.is_none() {
                latest = Some(position.handle);
            }
        }
        match (open.or(latest), unreadable) {
            (None, Some(failure)) => Err(failure),
            (handle, _) => Ok(handle),
        }
    }

    /// The newest flows of the protocol with this id, the newest first.
    async fn with_flow_id(
        &self,
        protocol: &Protocol,
        flow_id: &[u8],
    ) -> Result<Vec<Position>, Failure> {
        let query = Query {
            protocol: Some(protocol.name().into()),
            flow_id: Some(LookupKey::of(flow_id)),
            order: Order::NewestFirst,
            ..Query::default()
        };
        Ok(self.store.find(&query, MOST_FLOWS).await?)
    }
}

/// The string at `pointer` in a body that must be JSON, whatever the step sends of it; or why there
/// is none, for whoever sent it.
pub(crate) fn named(body: &[u8], pointer: &Pointer) -> Result<Vec<u8>, String> {
    let body = Value::parse(body, REQUEST_DEPTH_MAX)
        .map_err(|error| format!("the body of a callback must be JSON: {error}"))?;
    let found = match body.resolve(pointer) {
        Resolved::Found(value) => value.decoded_string(),
        Resolved::Absent | Resolved::Doubled => None,
    };
    let found = found.filter(|text| !text.is_empty());
    found.map(Cow::into_owned).ok_or_else(|| {
        format!(
            "the body of this callback must hold a string at \"{pointer}\", once: the id that the \
             backend gave the flow"
        )
    })
}
