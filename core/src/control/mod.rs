//! The control law of admission: how many new flows a backend takes, told by its latency.
//!
//! Pure: no I/O, no clock. Whoever uses it tells the time as a `Duration` since any fixed
//! moment; latencies are milliseconds, rates are calls admitted per second (tps).
//!
//! [`law::Law`] is the loop put together. A **sensor** makes one latency out of the calls that
//! ended (smoothed by [`ewma`]) and of those still under way; a **controller** ([`pid`], whose
//! integral is the rate that the backend was last shown to bear) turns it into a rate once in
//! a period; an **actuator** ([`bucket`]) admits at that rate. [`ramp`] tells a ceiling by wall
//! time, [`law::Regime`] says in one word how far the gate is open. `docs/ADMISSION_CONTROL.md` has
//! the formulas, their sources, and why they hold.

mod admitted;
pub mod bucket;
pub mod ewma;
mod integral;
pub mod law;
mod options;
pub mod pid;
pub mod ramp;
mod readings;
mod regime;
mod sensor;
mod throughput;
mod underway;
