//! Pure core of appattest-integrator.

pub mod control;
pub mod flow;
pub mod json;
pub mod protocol;
pub mod rfc3339;
