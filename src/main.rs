//! The integrator's command line.
fn main() {}
