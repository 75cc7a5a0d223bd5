//! Patterns that are waited for in what clients send.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Action;

/// The longest pattern, so that a connection remembers little.
const LONGEST: usize = 1024;

/// The triggers of a proxy that have not been set off, in the order in which they were set.
#[derive(Default)]
pub(super) struct Triggers {
    armed: Mutex<Vec<(Vec<u8>, Action)>>,
    fired: AtomicUsize,
}

impl Triggers {
    pub(super) fn arm(&self, pattern: &[u8], action: Action) {
        assert!(
            (1..=LONGEST).contains(&pattern.len()),
            "a pattern has 1 to {LONGEST} bytes; this one has {}",
            pattern.len()
        );
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.push((pattern.to_vec(), action));
    }

    pub(super) fn fired(&self) -> usize {
        self.fired.load(Ordering::SeqCst)
    }

    /// The action of the first trigger whose pattern ends in `piece`, which follows on `sent`.
    pub(super) fn set_off(&self, sent: &mut Sent, piece: &[u8]) -> Option<Action> {
        let before = sent.0.len();
        sent.0.extend_from_slice(piece);
        let ends_in_piece = |pattern: &[u8]| {
            let from = before.saturating_sub(pattern.len() - 1);
            let looked_at = sent.0.get(from..).unwrap_or_default();
            looked_at
                .windows(pattern.len())
                .any(|bytes| bytes == pattern)
        };
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|(pattern, _)| ends_in_piece(pattern));
        let fired = at.map(|at| armed.remove(at).1);
        // Counted before anything comes of it: whoever sees that also sees the count.
        self.fired
            .fetch_add(usize::from(fired.is_some()), Ordering::SeqCst);
        let forgotten = sent.0.len().saturating_sub(LONGEST);
        sent.0.drain(..forgotten);
        fired
    }
}

/// The last bytes that a connection sent.
#[derive(Default)]
pub(super) struct Sent(Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(pieces: &[&str]) -> Vec<bool> {
        let triggers = Triggers::default();
        triggers.arm(b"COMMIT", Action::Drop);
        let mut sent = Sent::default();
        let set_off = |piece: &&str| triggers.set_off(&mut sent, piece.as_bytes()).is_some();
        pieces.iter().map(set_off).collect()
    }

    #[test]
    fn a_pattern_is_found_in_one_piece_and_across_pieces() {
        assert_eq!(fires(&["BEGIN", "xCOMMITx"]), [false, true]);
        assert_eq!(fires(&["xCO", "MM", "ITx"]), [false, false, true]);
        assert_eq!(fires(&["xCO", "x", "MMIT"]), [false, false, false]);
    }

    #[test]
    fn a_trigger_is_set_off_once() {
        assert_eq!(fires(&["COMMIT", "COMMIT"]), [true, false]);
    }

    #[test]
    fn what_was_sent_before_a_trigger_was_set_does_not_set_it_off() {
        let triggers = Triggers::default();
        let mut sent = Sent::default();

        assert!(triggers.set_off(&mut sent, b"COMMIT").is_none());
        triggers.arm(b"COMMIT", Action::Drop);

        assert!(triggers.set_off(&mut sent, b"x").is_none());
        assert_eq!(triggers.fired(), 0);
    }
}
