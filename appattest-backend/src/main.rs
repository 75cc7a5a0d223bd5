//! `appattest-backend`: parse, put together, run. Exit codes: 0 done, 1 failed, 2 unusable input.
#![forbid(unsafe_code)]

use std::{process::ExitCode, sync::Arc};

use appattest_backend::{
    api,
    authority::{Authority, ChallengePolicy, Options},
    cli::{Cli, Command, ServerFlags},
    clock::SystemClock,
    device,
    entropy::SystemEntropy,
    serve,
    store::{Binding, Bounds, Store, StoreError},
    validator::{Acceptance, TrustRoot},
};
use clap::Parser as _;
use tracing::warn;
use tracing_subscriber::filter::LevelFilter;

/// Why the process ends early.
enum Failure {
    /// What was asked for cannot be done as it stands: exit 2.
    Input(String),
    /// It could be, but was not: exit 1.
    Run(String),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Device(command)) => {
            device::cli::run(command, &SystemClock, &SystemEntropy).map_err(Failure::Run)
        }
        None => run(cli.server),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Run(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(1)
        }
        Err(Failure::Input(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(flags: ServerFlags) -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_max_level(LevelFilter::INFO)
        .with_writer(std::io::stdout)
        .init();
    let listen = flags.listen;
    let authority = Arc::new(authority(flags)?);
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads)
        .build()
        .and_then(|runtime| runtime.block_on(serve::serve(listen, api::router(authority))))
        .map_err(|error| Failure::Run(format!("--listen {listen}: {error}")))
}

fn authority(flags: ServerFlags) -> Result<Authority, Failure> {
    let root = root(&flags)?;
    if flags.challenge_policy == ChallengePolicy::ClientSupplied {
        warn!("callers choose their client data hashes: replays of registrations are not noticed");
    }
    if let Some(at) = flags.at {
        warn!(%at, "certificates are judged at a fixed time");
    }
    let binding = Binding {
        trust_anchor: root.fingerprint(),
        challenge_policy: flags.challenge_policy.as_str(),
    };
    let store =
        Store::open(flags.state.as_deref(), binding, Bounds::default()).map_err(|error| {
            let place = flags.state.as_deref().unwrap_or(std::path::Path::new(""));
            let message = format!("--state {}: {error}", place.display());
            match error {
                StoreError::Mismatch { .. } => Failure::Input(format!(
                    "{message}; expected the same as the file was made with, or another file"
                )),
                _ => Failure::Run(message),
            }
        })?;
    let options = Options {
        acceptance: Acceptance {
            apps: flags.apps,
            environments: flags.environments,
        },
        challenge_policy: flags.challenge_policy,
        root,
        certificates_at: flags.at,
    };
    Ok(Authority::new(
        options,
        store,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    ))
}

fn root(flags: &ServerFlags) -> Result<TrustRoot, Failure> {
    let Some(path) = &flags.trust_anchor else {
        return TrustRoot::apple().map_err(|error| Failure::Run(error.to_string()));
    };
    let input =
        |error: String| Failure::Input(format!("--trust-anchor {}: {error}", path.display()));
    let pem = std::fs::read(path).map_err(|error| input(error.to_string()))?;
    let root = TrustRoot::test(&pem).map_err(|error| input(error.to_string()))?;
    warn!(
        trust_anchor = %path.display(),
        fingerprint = root.fingerprint(),
        "keys are trusted under a TEST ROOT: anyone who holds its key can forge devices"
    );
    Ok(root)
}
