//! Measurements of the service, side by side in one run.
//!
//! `stores` tells what a step costs over each store, as a ratio to the store in memory: one
//! service for each store, all of them up at once, asked in turns that alternate between them, so
//! that whatever else the machine does falls on all alike.
//!
//! `definitions` tells in the same way whether a step's cost grows with the number or the size of
//! the definitions that are loaded.
//!
//! `gate` tells what a step costs with admission control off and on, and in a program without it if
//! one is named; `storm` sends a retry storm at the service.
//!
//! `laboratory` needs no service: it simulates admission control in virtual time.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot be arranged ends"
)]

mod backend;
mod beside;
mod client;
mod definitions;
mod gate;
mod instructions;
mod large;
mod round;
mod service;
mod stores;
mod storm;
mod summary;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use integrator_bench::laboratory::command::{Arguments, laboratory};

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
    /// What a step costs with admission control
    Gate(gate::Arguments),
    /// A retry storm against the live service, with admission control and without
    Storm(storm::Settings),
    /// What limiters make of retry storms, in virtual time
    Laboratory(Arguments),
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
    if let Err(refused) = run(Cli::parse().command) {
        eprintln!("{refused}");
        std::process::exit(2);
    }
}

fn run(command: Command) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match command {
        Command::Stores(settings) => runtime.block_on(stores::measure(&settings)),
        Command::Definitions(settings) => runtime.block_on(definitions::measure(&settings)),
        Command::Gate(arguments) => runtime.block_on(gate::measure(&arguments)),
        Command::Storm(settings) => runtime.block_on(storm::measure(settings))?,
        Command::Laboratory(arguments) => laboratory(&arguments)?,
    }
    Ok(())
}
