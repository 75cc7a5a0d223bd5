//! Real stores for tests and benchmarks: Redis and PostgreSQL servers, each with a folder and a
//! port of its own, that can be killed, restarted and paused; and a proxy that breaks what is
//! between a server and its client at a chosen moment. Programs of the workspace run as processes,
//! found or built, a Prometheus server that scrapes them among these; programs for Node are run with
//! the packages that they need, and tools that come from PyPI are installed, both under the target
//! folder; one of them is a collector of traces.
//!
//! Everything here is plain threads and blocking I/O, so that it works inside any test. Whatever
//! cannot be arranged ends the test with the server's own words.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

pub mod chromium;
pub mod collector;
pub mod http;
pub mod node;
pub mod port;
pub mod postgres;
pub mod program;
pub mod prometheus;
pub mod proxy;
pub mod python;
pub mod redis;

mod guard;
mod log;
mod placed;
mod process;
