//! Asking the gate in front of a backend, and telling what it decided. Where admission control is
//! off there is no gate, and nothing here does anything.
//!
//! A token has one holder at a time, and goes back where that is dropped. [`Orchestrator::ask`]
//! gives a [`Leave`]; it belongs to the call's [`Conversation`](super::call::Conversation) until
//! the claim is saved. The [`Permit`] that is left of it then goes to [`Orchestrator::leave`],
//! which spends the token.

use integrator_core::control::law::End;
use integrator_core::protocol::{Protocol, Step};
use tokio::time::Instant;

use super::Orchestrator;
use super::event::Event;
use super::failure::{Failure, FailureKind};
use super::leads::{Basis, Lead, Place};
use crate::admission::{Class, Decided, Decision, Gate, Permit, Reading, Turn, UnderWay};

/// Leave to save a claim and to make its call.
#[derive(Default)]
#[must_use]
pub(super) struct Leave {
    permit: Option<Permit>,
    lead: Option<Lead>,
}

impl Leave {
    /// The claim is saved: whoever waited finds it there. What is left is the right to the call.
    pub(super) fn claimed(self) -> Option<Permit> {
        self.permit
    }

    /// The store did not acknowledge the claim: whoever waited is told the same.
    pub(super) fn failed(self, kind: &FailureKind) {
        drop(self.permit);
        if let Some(lead) = self.lead {
            lead.fail(kind.clone());
        }
    }
}

impl Orchestrator {
    /// Asks for leave to call the protocol's backend for a step, or waits for a request that asks
    /// for the same. `None`: that one came first, so judge again.
    pub(super) async fn ask(
        &self,
        protocol: &Protocol,
        step: &Step,
        basis: Basis<'_>,
    ) -> Result<Option<Leave>, Failure> {
        let Some(gate) = self.shared.gates.of(protocol.backend()) else {
            return Ok(Some(Leave::default()));
        };
        let class = if step.id() == protocol.start().id() {
            Class::NewFlow
        } else {
            Class::Step
        };
        let lead = match self.place(gate, class, basis) {
            Place::Alone => None,
            Place::Leads(lead) => Some(lead),
            Place::Waits(wait) => {
                let Some(kind) = wait.failure().await else {
                    return Ok(None);
                };
                if let FailureKind::AdmissionLimited(_) = kind {
                    self.tell_refused(gate, class);
                }
                return Err(Failure::new(kind));
            }
        };
        let admitted = gate.admit(class, |backend, turn| self.tell_turn(backend, turn));
        let limited = match admitted {
            Ok(permit) => {
                let permit = Some(permit);
                return Ok(Some(Leave { permit, lead }));
            }
            Err(limited) => FailureKind::AdmissionLimited(Box::new(limited)),
        };
        if let Some(lead) = lead {
            // Since the store was read, the one that led before may have saved its claim.
            if self.is_outdated(basis).await? {
                return Ok(None);
            }
            lead.fail(limited.clone());
        }
        self.tell_refused(gate, class);
        Err(Failure::new(limited))
    }

    /// Requests that need no token wait for nobody.
    fn place(&self, gate: &Gate, class: Class, basis: Basis<'_>) -> Place {
        if gate.decides_on(class) {
            self.shared.leads.place(basis)
        } else {
            Place::Alone
        }
    }

    /// Whether the store holds something else by now.
    async fn is_outdated(&self, basis: Basis<'_>) -> Result<bool, Failure> {
        match basis {
            Basis::NoFlow(key) => Ok(self.existing(key).await?.is_some()),
            Basis::Flow(flow) => {
                let found = self.find_if_stored(flow.handle()).await?;
                Ok(found.is_none_or(|found| found.flow.version() != flow.version()))
            }
        }
    }

    /// The call that a permit is for leaves now. What was decided on it is told here, so that a
    /// request which is judged several times is counted once. A call that has no time left is not
    /// made: it spends nothing, counts as nothing and says nothing of the backend.
    pub(super) fn leave(&self, permit: Option<Permit>, deadline: Instant) -> Option<UnderWay> {
        let permit = permit.filter(|_| Instant::now() < deadline)?;
        if let Some(decided) = permit.decided() {
            self.tell_decided(permit.gate().backend(), decided);
        }
        Some(permit.leave())
    }

    /// The call ended.
    pub(super) fn came_back(&self, under_way: Option<UnderWay>, end: End) {
        if let Some(under_way) = under_way {
            under_way.ended(end, |backend, turn| self.tell_turn(backend, turn));
        }
    }

    /// Where each gate stands; none where admission control is off.
    #[must_use]
    pub fn gates(&self) -> Vec<Reading> {
        self.shared.gates.readings()
    }

    /// Tells of gates whose regime changed while nobody called.
    pub fn tell_turns(&self) {
        for gate in self.shared.gates.iter() {
            gate.look(|backend, turn| self.tell_turn(backend, turn));
        }
    }

    fn tell_refused(&self, gate: &Gate, class: Class) {
        self.tell_decided(gate.backend(), gate.decided(class, Decision::Refused));
    }

    fn tell_decided(&self, backend: &str, decided: Decided) {
        self.shared
            .observer
            .observe(Event::Decided { backend, decided });
    }

    fn tell_turn(&self, backend: &str, turn: Turn) {
        self.shared
            .observer
            .observe(Event::Turned { backend, turn });
    }
}
