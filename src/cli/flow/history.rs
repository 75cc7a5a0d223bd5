//! `flow history`: how a flow came where it is.

use super::client::Client;
use super::seen::Seen;
use super::words::{block, clean, fault};
use super::{Failure, print, print_document};

pub(super) async fn show(client: &Client, handle: &str, json: bool) -> Result<(), Failure> {
    let history = client.get(&format!("/v1/flows/{handle}/history")).await?;
    if json {
        return print_document(&history);
    }
    match Seen::read(&history) {
        Some(history) => print(told(&history).as_bytes()),
        None => Ok(()),
    }
}

/// Transitions and attempts in the order of time.
fn told(history: &Seen<'_>) -> String {
    let transitions = history.objects("transitions");
    let attempts = history.objects("attempts");
    let mut entries: Vec<(String, String)> = transitions
        .iter()
        .map(|entry| (entry.text("at").unwrap_or_default(), transition(entry)))
        .chain(
            attempts
                .iter()
                .map(|entry| (entry.text("at").unwrap_or_default(), attempt(entry))),
        )
        .collect();
    // Times are spelt alike, so that their texts stand in the order of time.
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    if entries.is_empty() {
        return "nothing happened yet\n".to_owned();
    }
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// A line, and the backend's answer as it was.
pub(super) fn transition(entry: &Seen<'_>) -> String {
    let text = |name| clean(&entry.text(name).unwrap_or_default());
    let head = format!("{}  {} -> {}", text("at"), text("from"), text("to"));
    let Some(step) = entry.text("step") else {
        return format!("{head}  by its deadline or by hand\n");
    };
    let mut told = format!("{head}  {}", clean(&step));
    if let Some(status) = entry.raw("backendStatus") {
        told.push_str(&format!("  backend {}", clean(&status)));
    }
    if let Some(attempt) = entry.text("attemptID") {
        told.push_str(&format!("  attempt {}", clean(&attempt)));
    }
    told.push('\n');
    told + &answer(entry)
}

fn attempt(entry: &Seen<'_>) -> String {
    let text = |name| clean(&entry.text(name).unwrap_or_default());
    let outcome = entry.text("outcome");
    let mut told = format!("{}  {}  {}", text("at"), text("step"), text("code"));
    if let Some(outcome) = &outcome {
        told.push_str(&format!(", {}", clean(outcome)));
    }
    if let Some(status) = entry.raw("backendStatus") {
        told.push_str(&format!("  backend {}", clean(&status)));
    }
    if let Some(attempt) = entry.text("attemptID") {
        told.push_str(&format!("  attempt {}", clean(&attempt)));
    }
    let fault = fault(&text("code"), outcome.as_deref());
    format!("{told}\n    at fault: {fault}\n")
}

fn answer(entry: &Seen<'_>) -> String {
    if let Some(verbatim) = entry.raw("backend") {
        return block(&verbatim, "    ");
    }
    match entry.text("backend_base64") {
        Some(bytes) => format!("    not JSON, in base64: {}\n", clean(&bytes)),
        None => String::new(),
    }
}
