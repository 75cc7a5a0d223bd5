//! The integrator service.
