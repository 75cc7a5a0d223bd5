//! Measurements of the service, side by side in one run.
//!
//! `stores` tells what a step costs over each store, as a ratio to the store in memory: one
//! service for each store, all of them up at once, asked in turns that alternate between them, so
//! that whatever else the machine does falls on all alike.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot be arranged ends"
)]

mod backend;
mod client;
mod round;
mod service;
mod stores;
mod summary;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures the service side by side with itself.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a step costs over each store
    Stores(Settings),
}

/// What is measured how often.
#[derive(clap::Args)]
struct Settings {
    /// The service's program
    #[arg(long, default_value = "target/release/appattest-integrator")]
    program: PathBuf,
    /// Rounds of each store; the first one warms up and is not counted
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Flows of a round
    #[arg(long, default_value_t = 600)]
    flows: usize,
    /// Clients at a time
    #[arg(long, default_value_t = 16)]
    clients: usize,
}

fn main() {
    let Command::Stores(settings) = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(stores::measure(&settings));
}
