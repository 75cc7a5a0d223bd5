//! What the instance tells of itself.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::api::About;
use crate::clock::Clock;
use crate::config::Config;

pub(super) fn about(config: &Config, clock: &dyn Clock) -> About {
    let backend = config.backends.get("default");
    About {
        backend_base_url: backend
            .map(|backend| backend.base_url.as_str().to_owned())
            .unwrap_or_default(),
        build_sha256: config.build_sha256.clone().or_else(|| own_digest().ok()),
        started: clock.monotonic(),
    }
}

/// SHA-256 of the program file that runs.
fn own_digest() -> io::Result<String> {
    let mut program = File::open(std::env::current_exe()?)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; 1024 * 1024];
    loop {
        let read = program.read(&mut chunk)?;
        if read == 0 {
            let bytes = digest.finalize();
            return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(chunk.get(..read).unwrap_or_default());
    }
}
