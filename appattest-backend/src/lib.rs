//! The reference App Attest authority: verifies attestations and assertions.
//!
//! From the bytes up: `decoder` takes objects apart, `validator` judges them, `store` with
//! `challenge`, `keys`, `flows` and `idempotency` remembers, `authority` answers a call in one
//! transaction, `api` speaks HTTP, `serve` listens. `device` is the other side: a simulated
//! device under a test root. Nothing in here is linked into the integrator.
#![forbid(unsafe_code)]

pub mod api;
pub mod app_id;
pub mod authority;
pub mod challenge;
pub mod cli;
pub mod clock;
pub mod decoder;
pub mod device;
pub mod entropy;
pub mod environment;
pub mod flows;
pub mod idempotency;
pub mod keys;
pub mod reason;
pub mod serve;
pub mod store;
pub mod validator;
