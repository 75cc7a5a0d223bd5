//! The command line: flags, each with an environment variable, and the simulated device.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use jiff::Timestamp;

use crate::{
    app_id::AppId, authority::ChallengePolicy, device::cli::DeviceCommand, environment::Environment,
};

/// The reference App Attest authority: verifies attestations and assertions.
#[derive(Debug, Parser)]
#[command(
    name = "appattest-backend",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Cli {
    /// The flags of the server.
    #[command(flatten)]
    pub server: ServerFlags,
    /// Something else than serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the binary does beside serving.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A simulated device under a test root (laboratory).
    #[command(subcommand)]
    Device(DeviceCommand),
}

/// The flags of the server. Each has a variable `APPATTEST_BACKEND_…`; repeatable ones are
/// separated by commas there.
#[derive(Debug, clap::Args)]
pub struct ServerFlags {
    /// Address to listen on; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDR",
        env = "APPATTEST_BACKEND_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// Accepted application (repeatable).
    #[arg(
        long = "app",
        value_name = "TEAMID.bundle.id",
        env = "APPATTEST_BACKEND_APP",
        value_delimiter = ',',
        required = true
    )]
    pub apps: Vec<AppId>,

    /// Accepted environment (repeatable).
    #[arg(
        long = "environment",
        value_name = "ENVIRONMENT",
        env = "APPATTEST_BACKEND_ENVIRONMENT",
        value_delimiter = ',',
        value_enum,
        default_value = "production"
    )]
    pub environments: Vec<Environment>,

    /// SQLite file for keys, counters, challenges and recorded answers; in memory if absent.
    #[arg(long, value_name = "FILE", env = "APPATTEST_BACKEND_STATE")]
    pub state: Option<PathBuf>,

    /// Where client data hashes come from.
    #[arg(
        long,
        value_name = "POLICY",
        env = "APPATTEST_BACKEND_CHALLENGE_POLICY",
        value_enum,
        default_value = "required"
    )]
    pub challenge_policy: ChallengePolicy,

    /// PEM file of a test root, instead of Apple's.
    #[arg(long, value_name = "FILE", env = "APPATTEST_BACKEND_TRUST_ANCHOR")]
    pub trust_anchor: Option<PathBuf>,

    /// Verification time for certificates, and for nothing else (laboratory).
    #[arg(
        long,
        value_name = "RFC3339",
        env = "APPATTEST_BACKEND_AT",
        value_parser = parse_time
    )]
    pub at: Option<Timestamp>,
}

/// Reads a moment of RFC 3339, offset included.
///
/// # Errors
///
/// A sentence that says what is allowed.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        String::from("expected a moment of RFC 3339 with its offset, as 2026-04-22T06:13:12Z")
    })
}
