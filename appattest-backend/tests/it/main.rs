//! The authority from outside: real bytes through the real process, bad devices through every
//! door, and what must hold whatever the bytes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must stop"
)]

mod authority;
mod defects;
mod docs;
mod harness;
mod house;
mod http;
mod idempotency;
mod properties;
mod state;
mod vectors;
