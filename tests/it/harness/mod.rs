//! The real router on real sockets, with a clock that stands still, seeded randomness and a
//! backend that does what a test tells it.
//!
//! Everything of one test runs on one thread: what a test has not awaited has not happened behind
//! its back. No test sleeps; a test that needs to look into the middle of a call holds the
//! backend's answer.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

pub(crate) mod backend;
pub(crate) mod client;
pub(crate) mod documented;
pub(crate) mod entropy;
pub(crate) mod events;
pub(crate) mod flows;
pub(crate) mod gates;
pub(crate) mod log;
pub(crate) mod program;
pub(crate) mod protocols;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod store;
pub(crate) mod stores;
mod time;

pub(crate) use self::backend::{Answer, Backend};
pub(crate) use self::client::{Client, Reply, Request};
pub(crate) use self::service::{Service, Setup};
