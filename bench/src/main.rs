//! Measurements of the service, side by side in one run.
//!
//! `stores` tells what a step costs over each store, as a ratio to the store in memory: one
//! service for each store, all of them up at once, asked in turns that alternate between them, so
//! that whatever else the machine does falls on all alike.
//!
//! `definitions` tells in the same way whether a step's cost grows with the number or the size of
//! the definitions that are loaded.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot be arranged ends"
)]

mod backend;
mod client;
mod definitions;
mod large;
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
    /// What a step costs beside many definitions, and within a large one
    Definitions(Settings),
}

/// What is measured how often.
#[derive(clap::Args)]
struct Settings {
    /// The service's program
    #[arg(long, default_value = "target/release/appattest-integrator")]
    program: PathBuf,
    /// Rounds of each candidate; the first one warms up and is not counted
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
    let command = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match command {
        Command::Stores(settings) => runtime.block_on(stores::measure(&settings)),
        Command::Definitions(settings) => runtime.block_on(definitions::measure(&settings)),
    }
}
