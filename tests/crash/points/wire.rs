//! What is waited for on the wire between a process and its store.

use std::sync::Arc;

use integrator_testbed::proxy::{Action, Proxy};

use crate::backend::Act;

/// Only a record that holds a claim says so.
pub(super) const CLAIM: &str = "\"awaiting\"";
/// Only the history of a claim that was let go for a refusal says so.
pub(super) const RELEASE: &str = "\"declined\":503";
/// Only the record of a flow that was swept says so.
pub(super) const EXPIRY: &str = "\"state\":\"expired\"";

/// The wire of one process.
pub(super) struct Wire<'a>(pub(super) &'a Arc<Proxy>);

impl Wire<'_> {
    /// Acts when the words are on their way and have not arrived; they never do.
    pub(super) fn before(&self, words: &str, act: Act) {
        let proxy = self.0.clone();
        let deed = move || {
            act();
            proxy.refuse();
        };
        self.0
            .when_sent(words.as_bytes(), Action::Call(Box::new(deed)));
    }

    /// Acts when the words have arrived and were answered; the answer is swallowed.
    pub(super) fn after(&self, words: &str, act: Act) {
        self.0
            .when_sent(words.as_bytes(), Action::CallAfterReply(act));
    }

    /// Lets the words pass so many times.
    pub(super) fn pass(&self, words: &str, times: usize) {
        for _ in 0..times {
            self.0
                .when_sent(words.as_bytes(), Action::Call(Box::new(|| {})));
        }
    }
}
