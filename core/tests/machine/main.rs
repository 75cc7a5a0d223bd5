//! The flow machine, from outside: what it promises of every sequence of events.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

mod instants;
mod laws;
mod persisted;
mod world;
