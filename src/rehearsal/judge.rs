//! A request, judged by the machine that judges every request.

use http::HeaderMap;
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, Fingerprint};
use integrator_core::flow::lifecycle::SETTLE_ALLOWANCE;
use integrator_core::flow::machine::{self, Begin, Request, Terms};
use integrator_core::flow::record::{Flow, Origin};
use integrator_core::json::Value;
use integrator_core::protocol::{Body, InvalidInput, Sends, Step, read_body};
use sha2::{Digest as _, Sha256};

use super::scenario::Asked;
use super::stage::Stage;
use crate::envelope::Envelope;
use crate::orchestrator::code::Code;
use crate::orchestrator::named_by_callback;

/// Why nothing was asked of the backend.
pub(super) enum Unasked {
    Problem(Code, String),
    /// The request cannot be played: the run ends.
    Unplayable(String),
}

impl Stage<'_> {
    pub(super) fn judge(&mut self, asked: &Asked, envelope: &Envelope) -> Result<Begin, Unasked> {
        let protocol = self.protocol;
        let step = protocol.step(&asked.step);
        let no_step = || Unasked::Unplayable(format!("there is no step {:?}", asked.step));
        let step = step.ok_or_else(no_step)?;
        let body = read(step, asked, envelope)?;
        if asked.callback {
            self.find(step, asked)?;
        }
        let request = Request {
            step,
            body: &body,
            fingerprint: Fingerprint(Sha256::digest(&asked.body).into()),
        };
        if step.id() == protocol.start().id() {
            return self.start(request, &asked.headers);
        }
        let terms = self.terms();
        let flow = self.flow.as_ref().ok_or_else(no_flow)?;
        Ok(machine::begin(flow, protocol, request, terms, &self.now()))
    }

    /// A callback names its flow by the backend's id.
    fn find(&self, step: &Step, asked: &Asked) -> Result<(), Unasked> {
        let Some(pointer) = step.callback() else {
            let why = format!("step {:?} has no `callback`", asked.step);
            return Err(Unasked::Unplayable(why));
        };
        let named = named_by_callback(&asked.body, pointer)
            .map_err(|detail| Unasked::Problem(Code::InvalidInput, detail))?;
        let flow_id = self.flow.as_ref().and_then(Flow::flow_id);
        let flow_id = flow_id.and_then(|text| Value::parse(text, 0).ok()?.decoded_string());
        if flow_id.is_some_and(|flow_id| *flow_id == *named) {
            return Ok(());
        }
        let detail = "no flow of this protocol has the id that the callback names";
        Err(Unasked::Problem(Code::NotFound, detail.to_owned()))
    }

    fn start(&mut self, request: Request<'_>, headers: &HeaderMap) -> Result<Begin, Unasked> {
        let (terms, now) = (self.terms(), self.now());
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let key = text("idempotency-key").map(|key| key.trim_matches('"').to_owned());
        if let Some(flow) = &self.flow {
            if key.is_none() || key != self.key {
                let why = "this start makes another flow: give it a run of its own";
                return Err(Unasked::Unplayable(why.to_owned()));
            }
            return Ok(machine::begin_again(
                flow,
                self.protocol,
                request,
                terms,
                &now,
            ));
        }
        let origin = Origin {
            handle: self.handle.clone(),
            protocol: self.protocol.name().into(),
            digest: self.protocol.digest().into(),
            correlation_id: text("x-correlation-id").unwrap_or("rehearsal").into(),
            keyed: key.as_ref().map(|_| request.fingerprint),
            issued_at: now.wall,
        };
        self.key = key;
        let begun = machine::create(origin, self.protocol, request, terms, &now);
        Ok(match begun {
            Ok(begun) => Begin::Call(Box::new(begun)),
            Err(refusal) => Begin::Refused(refusal),
        })
    }

    /// Identifiers that are counted.
    fn terms(&mut self) -> Terms {
        self.claims += 1;
        let attempt = format!("attempt-{}", self.claims);
        Terms {
            draw: Draw {
                claim: ClaimId(self.claims),
                attempt: AttemptId::new(&attempt),
            },
            lease: SETTLE_ALLOWANCE,
        }
    }
}

/// The body as the step reads it.
fn read<'a>(step: &Step, asked: &'a Asked, envelope: &Envelope) -> Result<Body<'a>, Unasked> {
    if step.sends() == Sends::Raw {
        return Ok(Body::Unread(&asked.body));
    }
    if !envelope.allows_json() {
        let detail = "the body must be application/json: send that Content-Type, or none";
        return Err(Unasked::Problem(
            Code::UnsupportedMediaType,
            detail.to_owned(),
        ));
    }
    let invalid = |invalid: InvalidInput| Unasked::Problem(Code::InvalidInput, invalid.to_string());
    read_body(&asked.body).map_err(invalid)
}

fn no_flow() -> Unasked {
    Unasked::Problem(Code::NotFound, "there is no flow".to_owned())
}
