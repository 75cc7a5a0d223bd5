//! A suggestion, and what it has come to.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::advice::Advice;
use crate::answer::joined;
use crate::fresh;

/// What a suggestion has come to.
pub enum Status {
    /// The machine has not made it yet.
    Requested,
    /// It can be given to a reviewer.
    Generated,
    /// A reviewer may decide on it until then; later it has lapsed.
    Reviewing(Timestamp),
    /// A reviewer's decision, as it is shown.
    Decided(Value),
}

/// A suggestion for a content.
pub struct Suggestion {
    /// The content.
    pub content_id: String,
    /// The version of the content that it was made for, counted from 1.
    pub based_on: usize,
    /// What the machine made of it, once it has.
    pub advice: Option<Advice>,
    /// What it has come to.
    pub status: Status,
}

impl Suggestion {
    /// The suggestion as it is shown now.
    #[must_use]
    pub fn view(&self, id: &str) -> Value {
        self.view_at(id, fresh::now())
    }

    /// The suggestion as it was shown at some time.
    #[must_use]
    pub fn view_at(&self, id: &str, at: Timestamp) -> Value {
        let status = match &self.status {
            Status::Requested => json!({"status": "requested"}),
            Status::Generated => json!({"status": "generated"}),
            Status::Reviewing(until) => {
                let status = if *until < at { "lapsed" } else { "reviewing" };
                json!({"status": status, "expiresAt": until.to_string()})
            }
            Status::Decided(decision) => decision.clone(),
        };
        let view = joined(status, json!({"suggestionID": id}));
        match &self.advice {
            Some(advice) => joined(view, json!(advice)),
            None => view,
        }
    }
}
