//! A review desk: a machine makes suggestions, a person decides on them, and the content changes
//! by an approval alone.

use std::collections::HashMap;
use std::process::ExitCode;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, Outcome, conflict, ok, refused, unknown};
use integrator_authorities::idempotency::{Answers, once};
use integrator_authorities::state::{Shared, lock, shared};
use integrator_authorities::suggestion::{Status, Suggestion};
use integrator_authorities::{advice, fresh, listen, person};
use serde::Deserialize;
use serde_json::{Value, json};

/// A review desk for trying protocols. Suggestions and contents are kept in memory.
#[derive(Parser)]
#[command(name = "review-desk", version)]
struct Flags {
    #[command(flatten)]
    listen: listen::Listen,
    /// The key that reviewers show as `Authorization: Bearer KEY`
    #[arg(
        long,
        value_name = "KEY",
        env = "REVIEW_DESK_REVIEWER_KEY",
        hide_env_values = true
    )]
    reviewer_key: String,
    /// Seconds in which a review may be answered
    #[arg(long, value_name = "SECONDS", default_value_t = 24 * 60 * 60)]
    review_within: u32,
    /// Take no requests for suggestions: the machine is away
    #[arg(long)]
    machine_away: bool,
}

struct Desk {
    flags: Flags,
    suggestions: HashMap<String, Suggestion>,
    /// Every version of every content, oldest first.
    contents: HashMap<String, Vec<String>>,
    /// Every decision, oldest first.
    audit: Vec<Value>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let listen = flags.listen;
    let desk = Desk {
        flags,
        suggestions: HashMap::new(),
        contents: HashMap::new(),
        audit: Vec::new(),
    };
    let routes = Router::new()
        .route("/suggestions", post(request))
        .route("/suggestions/{id}", get(show))
        .route("/suggestions/{id}/review", post(review))
        .route("/contents/{id}", get(content))
        .layer(from_fn_with_state(Answers::judging_refusals_anew(), once))
        // The reviewers' routes repeat nothing: each request brings its own key.
        .route("/desk/machine", post(generate))
        .route("/desk/reviews/{id}", post(decide))
        .route("/desk/close", post(close))
        .route("/desk/audit", get(audit))
        .with_state(shared(desk));
    listen::run(listen, routes)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(rename = "contentID")]
    content_id: String,
    text: String,
}

async fn request(State(desk): Shared<Desk>, Asked(asked): Asked<Request>) -> Answer {
    let mut desk = lock(&desk);
    if desk.flags.machine_away {
        let detail = "no suggestions at the moment; nothing else is affected";
        return refused(StatusCode::SERVICE_UNAVAILABLE, "MACHINE_AWAY", detail);
    }
    let versions = desk.contents.entry(asked.content_id.clone()).or_default();
    if versions.is_empty() {
        versions.push(asked.text);
    } else if versions.last() != Some(&asked.text) {
        let detail = "the content's latest version has another text";
        return refused(StatusCode::CONFLICT, "CONTENT_CHANGED", detail);
    }
    let suggestion = Suggestion {
        content_id: asked.content_id,
        based_on: versions.len(),
        advice: None,
        status: Status::Requested,
    };
    let id = fresh::name("sug");
    let view = suggestion.view(&id);
    desk.suggestions.insert(id, suggestion);
    (StatusCode::ACCEPTED, Json(view))
}

async fn show(State(desk): Shared<Desk>, Path(id): Path<String>) -> Outcome {
    Ok(ok(lock(&desk).suggestion(&id)?.view(&id)))
}

async fn content(State(desk): Shared<Desk>, Path(id): Path<String>) -> Answer {
    match lock(&desk).contents.get(&id) {
        Some(versions) => ok(json!({"contentID": id, "versions": versions})),
        None => unknown("content", &id),
    }
}

/// The machine's turn: it makes every suggestion that was requested.
async fn generate(State(desk): Shared<Desk>) -> Answer {
    let desk = &mut *lock(&desk);
    let mut made = 0;
    for suggestion in desk.suggestions.values_mut() {
        let text = desk.contents.get(&suggestion.content_id);
        let text = text.and_then(|versions| versions.get(suggestion.based_on - 1));
        if let (Status::Requested, Some(text)) = (&suggestion.status, text) {
            suggestion.advice = Some(advice::on(text));
            suggestion.status = Status::Generated;
            made += 1;
        }
    }
    ok(json!({"generated": made}))
}

#[derive(Deserialize)]
struct Review {
    digest: String,
}

async fn review(
    State(desk): Shared<Desk>,
    Path(id): Path<String>,
    Asked(asked): Asked<Review>,
) -> Outcome {
    let mut desk = lock(&desk);
    let now = fresh::now();
    let until = fresh::later(now, desk.flags.review_within);
    let suggestion = desk.suggestion(&id)?;
    let (Status::Generated, Some(advice)) = (&suggestion.status, &suggestion.advice) else {
        return Err(conflict(suggestion.view(&id), "NOT_GENERATED"));
    };
    if advice.digest != asked.digest {
        return Err(conflict(suggestion.view(&id), "SUGGESTION_IS_ANOTHER"));
    }
    suggestion.status = Status::Reviewing(until);
    Ok(ok(suggestion.view_at(&id, now)))
}

#[derive(Deserialize)]
struct Decision {
    reviewer: String,
    verdict: Verdict,
    #[serde(default)]
    reason: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Approve,
    Reject,
}

/// A reviewer's decision. Nobody else has the key.
async fn decide(
    State(desk): Shared<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Asked(decision): Asked<Decision>,
) -> Outcome {
    let mut desk = lock(&desk);
    if !person::shows(&headers, &desk.flags.reviewer_key) {
        let detail = "show a reviewer's key as Authorization: Bearer KEY";
        return Err(refused(StatusCode::UNAUTHORIZED, "NO_REVIEWER", detail));
    }
    let is_reject = decision.verdict == Verdict::Reject;
    if decision.reviewer.is_empty() || (is_reject && decision.reason.is_empty()) {
        let detail = "a decision names its reviewer, and a rejection its reason";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(refused(status, "INCOMPLETE", detail));
    }
    desk.decide(&id, &decision)
}

/// The desk closes: what nobody has decided on by now lapses.
async fn close(State(desk): Shared<Desk>) -> Answer {
    for suggestion in lock(&desk).suggestions.values_mut() {
        if let Status::Reviewing(until) = &mut suggestion.status {
            *until = fresh::now().min(*until);
        }
    }
    ok(json!({}))
}

async fn audit(State(desk): Shared<Desk>) -> Answer {
    ok(json!({"decisions": lock(&desk).audit}))
}

impl Desk {
    fn suggestion(&mut self, id: &str) -> Result<&mut Suggestion, Answer> {
        let suggestion = self.suggestions.get_mut(id);
        suggestion.ok_or_else(|| unknown("suggestion", id))
    }

    fn decide(&mut self, id: &str, decision: &Decision) -> Outcome {
        let suggestion = self.suggestions.get_mut(id);
        let suggestion = suggestion.ok_or_else(|| unknown("suggestion", id))?;
        let (Status::Reviewing(until), Some(advice)) = (&suggestion.status, &suggestion.advice)
        else {
            return Err(conflict(suggestion.view(id), "NOT_IN_REVIEW"));
        };
        if *until < fresh::now() {
            return Err(conflict(suggestion.view(id), "REVIEW_LAPSED"));
        }
        let versions = self.contents.entry(suggestion.content_id.clone());
        let versions = versions.or_default();
        let (reviewer, reason) = (&decision.reviewer, &decision.reason);
        let is_approval = decision.verdict == Verdict::Approve;
        if is_approval && versions.len() != suggestion.based_on {
            return Err(conflict(suggestion.view(id), "CONTENT_CHANGED"));
        }
        suggestion.status = Status::Decided(if is_approval {
            versions.push(advice.text.clone());
            let version = versions.len().to_string();
            json!({"status": "approved", "reviewer": reviewer, "contentVersion": version})
        } else {
            json!({"status": "rejected", "reviewer": reviewer, "reason": reason})
        });
        self.audit.push(
            json!({"suggestionID": id, "reviewer": reviewer, "reason": reason,
            "approved": is_approval, "at": fresh::now().to_string()}),
        );
        Ok(ok(suggestion.view(id)))
    }
}
