//! What the terminal shows.

use std::io::{IsTerminal, Write, stdout};
use std::path::Path;

use serde_json::Value;

use super::http::Reply;

/// Longest text that one line shows of a body, in characters.
const SHOWN: usize = 150;

/// Standard output, in colour where it is a terminal.
pub(super) struct Screen {
    colour: bool,
}

impl Screen {
    pub(super) fn stdout() -> Self {
        Self {
            colour: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// One line. Whoever closed the output has seen enough.
    pub(super) fn line(&self, text: &str) {
        let mut out = stdout().lock();
        let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    pub(super) fn title(&self, text: &str) {
        self.line(&format!("\n{}", self.bold(text)));
    }

    pub(super) fn started(&self, parts: &[(&str, &str, &str)]) {
        for (name, place, meaning) in parts {
            self.line(&format!("  {name:<12}{place:<28}{meaning}"));
        }
    }

    /// One request and its reply.
    pub(super) fn exchange(&self, step: &str, path: &str, request: &Value, reply: &Reply) {
        let milliseconds = reply.took.as_secs_f64() * 1e3;
        self.line(&format!(
            "\n  {}  POST {path}  {} in {milliseconds:.1} ms",
            self.bold(step),
            self.status(reply.status)
        ));
        self.line(&format!("    sent      {}", sent(request)));
        let member = |name: &str| reply.body.get(name).and_then(Value::as_str);
        if let Some(state) = member("state") {
            let mut state = state.to_owned();
            if reply.replayed {
                state.push_str("  (replayed: Idempotent-Replayed: true)");
            }
            self.line(&format!("    state     {state}"));
        }
        if let Some(code) = member("code") {
            self.line(&format!("    refused   {code}"));
            self.line(&format!(
                "    because   {}",
                member("detail").unwrap_or_default()
            ));
        }
        if let Some(backend) = reply.backend() {
            self.line(&format!("    backend   {}", shortened(backend)));
        }
    }

    /// What there is to try while everything stays up.
    pub(super) fn stay_up(&self, integrator: &str, backend: &str, handle: &str, logs: &Path) {
        self.title("Everything stays up. Try:");
        let flow = format!("{integrator}/v1/flows/{handle}");
        for command in [
            format!("curl -s {flow}/status"),
            format!("curl -s {flow}/history"),
            format!("curl -si {flow}/steps/assert/response"),
            format!("curl -s -X POST {flow}/assert -d '{{}}' -H 'Content-Type: application/json'"),
            format!("curl -s {integrator}/v1/protocols/app-attest"),
            format!("curl -s {integrator}/health"),
            format!("curl -s {integrator}/metrics | grep integrator_flow"),
            format!("curl -s {backend}/health"),
            format!("tail -f {}", logs.join("integrator.log").display()),
        ] {
            self.line(&format!("  {command}"));
        }
        self.line("\nCtrl-C ends all of it.");
    }

    fn bold(&self, text: &str) -> String {
        if self.colour {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn status(&self, status: u16) -> String {
        let colour = if status < 300 { 32 } else { 33 };
        if self.colour {
            format!("\x1b[{colour}m{status}\x1b[0m")
        } else {
            status.to_string()
        }
    }
}

/// The request's members, long values by their length.
fn sent(request: &Value) -> String {
    let Some(members) = request.as_object().filter(|members| !members.is_empty()) else {
        return "{} (the integrator adds what the flow knows)".to_owned();
    };
    let member = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) if text.len() > 64 => format!("{name} ({} characters)", text.len()),
        _ => format!("{name} {value}"),
    };
    members.iter().map(member).collect::<Vec<_>>().join(", ")
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain("…".chars()).collect()
}
