//! The programs that tests run as processes.

use std::path::PathBuf;

pub(crate) use integrator_testbed::program::Program;
use integrator_testbed::program::beside;

/// The service's program.
pub(crate) const INTEGRATOR: &str = env!("CARGO_BIN_EXE_appattest-integrator");

/// The reference backend's program.
pub(crate) fn reference_backend() -> PathBuf {
    beside(INTEGRATOR, "appattest-backend", "appattest-backend")
}
