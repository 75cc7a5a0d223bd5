//! `flow status`: where a flow stands, and whose turn it is.

use integrator_core::json::Value;
use jiff::Timestamp;

use super::client::Client;
use super::seen::Seen;
use super::words::{age, clean, ending, fault, until};
use super::{Failure, print, print_document};
use crate::cli::table;

/// Members of every observation; the others are the protocol's.
const KNOWN: [&str; 9] = [
    "flowHandle",
    "flowID",
    "protocol",
    "state",
    "terminal",
    "issuedAt",
    "expiresAt",
    "correlationID",
    "lastBackendStatus",
];

pub(super) async fn show(
    client: &Client,
    handle: &str,
    json: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let status = client.get(&format!("/v1/flows/{handle}/status")).await?;
    if json {
        return print_document(&status);
    }
    // What failed is told by the history alone.
    let history = client.get(&format!("/v1/flows/{handle}/history")).await?;
    let history = Seen::read(&history);
    if let Some(flow) = Seen::read(&status) {
        let told = observation(&flow, history.as_ref(), now);
        print(told.as_bytes())?;
    }
    Ok(())
}

/// A flow as rows; where its history is known, also whose fault it is.
pub(super) fn observation(flow: &Seen<'_>, history: Option<&Seen<'_>>, now: Timestamp) -> String {
    let text = |name| flow.text(name).map(|text| clean(&text));
    let is_ended = flow.is("terminal");
    let state = text("state").unwrap_or_default();
    let ended = if is_ended { "ended" } else { "open" };
    let issued = flow
        .time("issuedAt")
        .map(|at| format!(", {} ago", age(at, now)));
    let expires = flow
        .time("expiresAt")
        .filter(|_| !is_ended)
        .map(|at| format!(", {}", until(at, now)));
    let with = |name, more: Option<String>| Some(text(name)? + &more.unwrap_or_default());
    let mut rows = vec![
        ("flow", text("flowHandle")),
        ("protocol", text("protocol")),
        ("state", Some(format!("{state}, {ended}"))),
        ("issued", with("issuedAt", issued)),
        ("expires", with("expiresAt", expires)),
        ("flowID", text("flowID")),
        ("correlationID", text("correlationID")),
        ("last answer led to", text("lastBackendStatus")),
    ];
    let whose = history.and_then(|history| ending(flow, history));
    rows.push(("at fault", whose.map(str::to_owned)));
    let mut rows: Vec<[String; 2]> = rows
        .into_iter()
        .filter_map(|(name, value)| Some([name.to_owned(), value?]))
        .collect();
    let own = flow.members().into_iter();
    rows.extend(
        own.filter(|(name, _)| !KNOWN.contains(&name.as_str()))
            .map(|(name, value)| [clean(&name), written(&value)]),
    );
    let attempts = history.map(|history| history.objects("attempts"));
    if let Some(attempt) = attempts.iter().flatten().last() {
        let [what, why] = latest(attempt);
        rows.push(["latest failure".to_owned(), what]);
        rows.push(["at fault".to_owned(), why]);
    }
    table::text(&rows)
}

fn latest(attempt: &Seen<'_>) -> [String; 2] {
    let text = |name| clean(&attempt.text(name).unwrap_or_default());
    let outcome = attempt.text("outcome");
    let code = text("code");
    let told = outcome
        .as_deref()
        .map(|outcome| format!(", {}", clean(outcome)));
    [
        format!(
            "{} {}: {code}{}",
            text("at"),
            text("step"),
            told.unwrap_or_default()
        ),
        fault(&code, outcome.as_deref()).to_owned(),
    ]
}

/// A string's content, anything else as it is written.
fn written(value: &Value<'_>) -> String {
    let decoded = value.decoded_string();
    let text = decoded.as_deref().unwrap_or(value.raw());
    clean(&String::from_utf8_lossy(text))
}
