//! The integrator service.

pub mod api;
pub mod audit;
pub mod backend;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod demo;
pub mod entropy;
pub mod envelope;
pub mod listen;
pub mod openapi;
pub mod orchestrator;
pub mod phase;
pub mod printable;
pub mod problems;
pub mod rehearsal;
pub mod serve;
pub mod shutdown;
pub mod spans;
pub mod store;
pub mod telemetry;
mod text_file;
pub mod trace_context;
mod web_page;
pub mod workers;
