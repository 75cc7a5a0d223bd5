//! `flow list`: flows by what is known of them.

use clap::Args;
use form_urlencoded::Serializer;
use jiff::Timestamp;

use super::client::Client;
use super::seen::Seen;
use super::words::{age, clean, until};
use super::{Failure, print, print_document};
use crate::cli::{output, table};

/// Which flows. All that is said must hold.
#[derive(Args)]
pub(in crate::cli) struct Filters {
    /// In this state
    #[arg(long)]
    state: Option<String>,
    /// Of this protocol
    #[arg(long)]
    protocol: Option<String>,
    /// With this id of the backend's
    #[arg(long, value_name = "ID")]
    flow_id: Option<String>,
    /// With this correlation id
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Of this run
    #[arg(long, value_name = "ID")]
    verify_run_id: Option<String>,
    /// Started longer ago than this, such as 5m
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
    /// Flows that are asked for at once
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// All of them, however many; with --json one document a line, each as the service sent it
    #[arg(long)]
    all: bool,
}

/// The columns.
const NAMES: [&str; 7] = [
    "HANDLE",
    "PROTOCOL",
    "STATE",
    "AGE",
    "EXPIRES",
    "FLOWID",
    "CORRELATION",
];

pub(super) async fn show(
    client: &Client,
    filters: &Filters,
    json: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut cursor = None;
    let mut is_first = true;
    loop {
        let page = client.get(&filters.path(cursor.as_deref())).await?;
        let seen = Seen::read(&page);
        let next = seen.and_then(|page| page.text("nextCursor"));
        if next.is_some() && next == cursor {
            let why = "the service gave one nextCursor twice; its pages would never end";
            return Err(Failure::Failed(why.to_owned()));
        }
        cursor = next;
        if json {
            print_document(&page)?;
        } else {
            let flows = seen.map(|page| page.objects("flows")).unwrap_or_default();
            print(lines(&flows, is_first, now).as_bytes())?;
            if is_first && flows.is_empty() && cursor.is_none() {
                output::note("no such flow");
            }
        }
        is_first = false;
        if !filters.all || cursor.is_none() {
            break;
        }
    }
    if cursor.is_some() && !json {
        output::note("there are more: say --all, or ask for fewer");
    }
    Ok(())
}

impl Filters {
    fn path(&self, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [
            ("state", self.state.as_deref()),
            ("protocol", self.protocol.as_deref()),
            ("flowID", self.flow_id.as_deref()),
            ("correlationID", self.correlation_id.as_deref()),
            ("verifyRunID", self.verify_run_id.as_deref()),
            ("olderThan", self.older_than.as_deref()),
            ("cursor", cursor),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("limit", &self.limit.to_string());
        format!("/v1/flows?{}", query.finish())
    }
}

/// The flows as rows; the names of the columns make all pages at least as wide.
fn lines(flows: &[Seen<'_>], with_names: bool, now: Timestamp) -> String {
    if flows.is_empty() {
        return String::new();
    }
    let names = NAMES.map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(names)
        .chain(flows.iter().map(|flow| row(flow, now)))
        .collect();
    let text = table::text(&rows);
    match text.split_once('\n') {
        Some((_, flows)) if !with_names => flows.to_owned(),
        _ => text,
    }
}

fn row(flow: &Seen<'_>, now: Timestamp) -> [String; 7] {
    let text = |name| flow.text(name).map_or("-".to_owned(), |text| clean(&text));
    let expires = flow.time("expiresAt").filter(|_| !flow.is("terminal"));
    [
        text("flowHandle"),
        text("protocol"),
        text("state"),
        flow.time("issuedAt")
            .map_or("-".to_owned(), |at| age(at, now)),
        expires.map_or("-".to_owned(), |at| until(at, now)),
        text("flowID"),
        text("correlationID"),
    ]
}
