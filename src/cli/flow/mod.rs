//! `flow`: flows of a running service, as an engineer on call asks for them over HTTP.

mod client;
mod events;
mod expire;
mod history;
mod list;
mod seen;
mod status;
mod watch;
mod words;

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use integrator_core::flow::ids::FlowHandle;
use tokio::runtime;

use self::client::Client;
use super::output;
use crate::backend::base_url::BaseUrl;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::problems::Problems;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Flows by what is known of them, the oldest first
    List {
        #[command(flatten)]
        filters: list::Filters,
        #[command(flatten)]
        service: Service,
    },
    /// Where a flow stands, and whose turn it is
    Status {
        #[command(flatten)]
        flow: Flow,
        #[command(flatten)]
        service: Service,
    },
    /// How a flow came there: transitions, attempts without an answer, the backend's answers
    History {
        #[command(flatten)]
        flow: Flow,
        #[command(flatten)]
        service: Service,
    },
    /// A flow's transitions as they happen, until it ends
    ///
    /// Ends with exit code 0 when the flow does. A stream that breaks is taken up again where it
    /// was. Exit code 1: the flow is gone, or you interrupted.
    Watch {
        #[command(flatten)]
        flow: Flow,
        #[command(flatten)]
        service: Service,
    },
    /// End a flow now, whatever it waits for
    Expire {
        #[command(flatten)]
        flow: Flow,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        service: Service,
    },
}

/// Which flow.
#[derive(Args)]
pub(super) struct Flow {
    /// The flow's handle: 32 characters
    // One handle in 64 begins with a hyphen.
    #[arg(value_name = "HANDLE", value_parser = handle, allow_hyphen_values = true)]
    handle: String,
}

/// Which service, and for whom its answer is.
#[derive(Args)]
pub(super) struct Service {
    /// Where the service listens; without it ops.listen or server.listen of the configuration
    #[arg(long, value_name = "URL", value_parser = url)]
    url: Option<BaseUrl>,
    /// The service's own JSON, byte for byte
    #[arg(long)]
    json: bool,
}

/// Why there is nothing to show.
enum Failure {
    /// What was given cannot be used.
    Unusable(String),
    /// It could not be done.
    Failed(String),
    /// The service gave no answer.
    Unreached(String),
    /// The service refused; its problem, byte for byte.
    Refused {
        problem: Vec<u8>,
        text: String,
        is_input: bool,
    },
    /// Nobody reads the output any more.
    Unread,
}

/// Does it. `load` reads the configuration, which is needed only where no URL is given.
pub(super) fn answer(
    command: &Command,
    load: impl FnOnce() -> Result<Config, Problems>,
) -> ExitCode {
    let service = command.service();
    let done = service
        .address(load)
        .and_then(Client::new)
        .and_then(|client| run(command, &client));
    match done {
        Ok(()) | Err(Failure::Unread) => ExitCode::SUCCESS,
        Err(Failure::Unusable(why)) => output::unusable(&format!("appattest-integrator: {why}")),
        Err(Failure::Failed(why)) => output::failed(&why),
        Err(Failure::Unreached(why)) => output::failed(&format!(
            "{why}. Does the service run there? --url says where it is."
        )),
        Err(Failure::Refused {
            problem,
            text,
            is_input,
        }) => {
            if service.json {
                // Standard error says the same where standard output takes nothing.
                let _untold = print(&[&problem, &b"\n"[..]].concat());
            }
            if is_input {
                output::unusable(&format!("appattest-integrator: {text}"))
            } else {
                output::failed(&text)
            }
        }
    }
}

fn run(command: &Command, client: &Client) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no runtime: {error}")))?;
    let now = SystemClock::start().wall();
    runtime.block_on(async {
        match command {
            Command::List { filters, service } => {
                list::show(client, filters, service.json, now).await
            }
            Command::Status { flow, service } => {
                status::show(client, &flow.handle, service.json, now).await
            }
            Command::History { flow, service } => {
                history::show(client, &flow.handle, service.json).await
            }
            Command::Watch { flow, service } => {
                watch::show(client, &flow.handle, service.json, now).await
            }
            Command::Expire { flow, yes, service } => {
                expire::run(client, &flow.handle, *yes, service.json, now).await
            }
        }
    })
}

impl Command {
    fn service(&self) -> &Service {
        match self {
            Self::List { service, .. }
            | Self::Status { service, .. }
            | Self::History { service, .. }
            | Self::Watch { service, .. }
            | Self::Expire { service, .. } => service,
        }
    }
}

impl Service {
    /// Where the service is. A configuration that is broken hinders nobody who says it.
    fn address(&self, load: impl FnOnce() -> Result<Config, Problems>) -> Result<BaseUrl, Failure> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let config = load().map_err(|problems| {
            Failure::Unusable(format!(
                "the configuration, which would say where the service is, cannot be used; say it \
                 with --url\n{problems}"
            ))
        })?;
        let address = reachable(config.ops.listen.unwrap_or(config.server.listen));
        url(&format!("http://{address}")).map_err(Failure::Unusable)
    }
}

/// Where a service that listens there is reached from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn url(text: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(text).map_err(|error| error.to_string())
}

fn handle(text: &str) -> Result<String, String> {
    match FlowHandle::parse(text) {
        Some(handle) => Ok(handle.as_str().to_owned()),
        None => Err("a handle is 32 characters of A-Z, a-z, 0-9, - and _".to_owned()),
    }
}

/// Writes to standard output, at once.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Unread),
        Err(error) => Err(Failure::Failed(format!(
            "standard output takes nothing: {error}"
        ))),
    }
}

/// Writes a document of the service's to standard output, byte for byte, and ends the line.
fn print_document(document: &[u8]) -> Result<(), Failure> {
    print(&[document, b"\n"].concat())
}
