//! What a gate gives to those who may pass.

use std::sync::Arc;

use integrator_core::control::law::{Call, End};

use super::decision::Decided;
use super::gate::Gate;
use super::told::Turn;

/// The right to make one call. Dropped, it gives back the token that was taken for it.
#[must_use]
pub struct Permit {
    gate: Arc<Gate>,
    decided: Option<Decided>,
    holds_token: bool,
}

impl Permit {
    pub(super) fn new(gate: Arc<Gate>, decided: Option<Decided>, holds_token: bool) -> Self {
        Self {
            gate,
            decided,
            holds_token,
        }
    }

    /// The gate that gave it.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What was decided; nothing where the scope leaves such requests alone.
    #[must_use]
    pub fn decided(&self) -> Option<Decided> {
        self.decided
    }

    /// The call leaves for the backend: the token is spent.
    pub fn leave(mut self) -> UnderWay {
        self.holds_token = false;
        UnderWay {
            gate: self.gate.clone(),
            call: Some(self.gate.sent()),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.holds_token {
            self.gate.give_back();
        }
    }
}

/// A call on its way. Dropped, it leaves no sample: nobody knows how long it would have taken.
#[must_use]
pub struct UnderWay {
    gate: Arc<Gate>,
    call: Option<Call>,
}

impl UnderWay {
    /// The call ended. The gate looks at nothing but that there was an answer, and the time.
    /// `tell` is given the gate's backend and a change of regime, as [`Gate::look`] does.
    pub fn ended(mut self, end: End, tell: impl FnOnce(&str, Turn)) {
        if let Some(call) = self.call.take() {
            self.gate.ended(call, end, tell);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.gate.forgotten(call);
        }
    }
}
