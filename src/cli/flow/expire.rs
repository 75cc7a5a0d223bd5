//! `flow expire`: ends a flow now.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;

use super::client::Client;
use super::seen::Seen;
use super::status::observation;
use super::words::clean;
use super::{Failure, print, print_document};

pub(super) async fn run(
    client: &Client,
    handle: &str,
    yes: bool,
    json: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    if !yes {
        if !io::stdin().is_terminal() {
            let why = "an expiry cannot be undone; where nobody can be asked, say --yes";
            return Err(Failure::Unusable(why.to_owned()));
        }
        let status = client.get(&format!("/v1/flows/{handle}/status")).await?;
        confirmed(&status)?;
    }
    let expired = client.post(&format!("/v1/flows/{handle}/expire")).await?;
    if json {
        return print_document(&expired);
    }
    match Seen::read(&expired) {
        Some(flow) => print(observation(&flow, None, now).as_bytes()),
        None => Ok(()),
    }
}

/// Asks somebody who sits at the terminal.
fn confirmed(status: &[u8]) -> Result<(), Failure> {
    let flow = Seen::read(status);
    let text = |name| clean(&flow.and_then(|flow| flow.text(name)).unwrap_or_default());
    let question = format!(
        "End flow {} ({}, {})? It cannot be undone. [y/N] ",
        text("flowHandle"),
        text("protocol"),
        text("state")
    );
    let asked = |error| Failure::Failed(format!("nobody can be asked: {error}"));
    let mut out = io::stderr().lock();
    out.write_all(question.as_bytes())
        .and_then(|()| out.flush())
        .map_err(asked)?;
    let mut said = String::new();
    io::stdin().read_line(&mut said).map_err(asked)?;
    if matches!(said.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::Failed("nothing was done".to_owned()))
}
