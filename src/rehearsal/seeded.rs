//! Identifiers that are the same in every rehearsal.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::entropy::{Entropy, EntropyError};

/// Bytes that follow from how many were drawn before.
#[derive(Debug, Default)]
pub(super) struct Seeded {
    drawn: AtomicU64,
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            let [.., last] = mixed(drawn).to_be_bytes();
            *byte = last;
        }
        Ok(())
    }
}

/// The finalizer of SplitMix64.
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ state >> 31
}
