//! Randomness that is the same in every run.

use std::sync::Mutex;

use appattest_integrator::entropy::{Entropy, EntropyError};

/// Bytes that follow from a seed, by length: how many correlation ids a test draws does not
/// change its handles.
pub(crate) struct SeededEntropy {
    seed: u64,
    drawn: Mutex<[u64; 33]>,
}

impl SeededEntropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: Mutex::new([0; 33]),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut drawn = self.drawn.lock().expect("no test panics while it draws");
        let count = &mut drawn[bytes.len().min(32)];
        *count += 1;
        let mut state = self.seed ^ (bytes.len() as u64) << 56 ^ *count << 20;
        for byte in bytes {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            *byte = mixed(state).to_le_bytes()[3];
        }
        Ok(())
    }
}

/// The finalizer of SplitMix64.
pub(crate) fn mixed(state: u64) -> u64 {
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ state >> 31
}
