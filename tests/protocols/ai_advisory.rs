//! `ai-advisory` in front of the review desk.

use integrator_testbed::program::Program;
use serde_json::{Value, json};

use crate::direct;
use crate::harness::{Integrator, Reply, authority};

const KEY: &str = "a key that reviewers have";
const TEXT: &str = "It is very fast, and does various things.";

/// The integrator before a review desk.
struct Office {
    desk: Program,
    integrator: Integrator,
}

impl Office {
    fn open() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let desk = authority(
            "review-desk",
            &[&["--reviewer-key", KEY], arguments].concat(),
        );
        let integrator = Integrator::of("ai-advisory", &desk.url());
        Office { desk, integrator }
    }

    async fn request(&self) -> Reply {
        let body = json!({"contentID": "about", "text": TEXT});
        self.integrator.start(&body).await
    }

    /// A flow over a suggestion that was requested: its handle and the desk's id.
    async fn requested(&self) -> (String, String) {
        let reply = self.request().await;
        assert_eq!(reply.text("/state"), "requested");
        (reply.handle(), reply.text("/flowID"))
    }

    /// The same, made by the machine.
    async fn generated(&self) -> (String, String) {
        let (handle, suggestion) = self.requested().await;
        direct::post(&self.desk, "/desk/machine", &json!({})).await;
        let reply = self.step(&handle, "generation").await;
        assert_eq!(reply.text("/state"), "generated");
        (handle, suggestion)
    }

    /// The same, given to a reviewer.
    async fn reviewing(&self) -> (String, String) {
        let (handle, suggestion) = self.generated().await;
        let reply = self.step(&handle, "review").await;
        assert_eq!(reply.text("/state"), "reviewing");
        (handle, suggestion)
    }

    async fn step(&self, handle: &str, step: &str) -> Reply {
        self.integrator.step(handle, step, &json!({})).await
    }

    /// A reviewer decides, at the desk.
    async fn decide(&self, suggestion: &str, decision: &Value) -> Reply {
        let path = format!("/desk/reviews/{suggestion}");
        let key = format!("Bearer {KEY}");
        let headers = [("authorization", key.as_str())];
        direct::post_as(&self.desk, &path, &headers, &decision.to_string()).await
    }

    /// Every version of the content, oldest first.
    async fn versions(&self) -> Value {
        let content = direct::get(&self.desk, "/contents/about").await;
        content.get("versions").cloned().unwrap_or_default()
    }
}

fn approval() -> Value {
    json!({"reviewer": "ada", "verdict": "approve"})
}

#[tokio::test]
async fn a_suggestion_is_approved_and_becomes_a_version_of_the_content() {
    let office = Office::open();
    let (handle, suggestion) = office.reviewing().await;
    assert_eq!(office.versions().await, json!([TEXT]));
    office.decide(&suggestion, &approval()).await;

    let approved = office.step(&handle, "decision").await;

    assert_eq!(approved.text("/state"), "approved");
    assert_eq!(approved.text("/reviewer"), "ada");
    assert_eq!(approved.text("/contentVersion"), "2");
    assert_eq!(
        office.versions().await,
        json!([TEXT, "It is fast, and does various things."])
    );
}

#[tokio::test]
async fn a_suggestion_is_rejected_with_a_reason_and_the_content_stays() {
    let office = Office::open();
    let (handle, suggestion) = office.reviewing().await;
    let no = json!({"reviewer": "ada", "verdict": "reject", "reason": "We like it as it is."});
    office.decide(&suggestion, &no).await;

    let rejected = office.step(&handle, "decision").await;

    assert_eq!(rejected.text("/state"), "rejected");
    assert_eq!(rejected.text("/reason"), "We like it as it is.");
    assert_eq!(office.versions().await, json!([TEXT]));
    let audit = direct::get(&office.desk, "/desk/audit").await;
    assert_eq!(audit.pointer("/decisions/0/approved"), Some(&json!(false)));
}

#[tokio::test]
async fn polling_moves_nothing_as_long_as_nothing_has_happened() {
    let office = Office::open();
    let (handle, _) = office.requested().await;
    let unmade = office.step(&handle, "generation").await;
    direct::post(&office.desk, "/desk/machine", &json!({})).await;
    let made = office.step(&handle, "generation").await;
    office.step(&handle, "review").await;

    let undecided = office.step(&handle, "decision").await;
    let still_undecided = office.step(&handle, "decision").await;

    assert_eq!(unmade.text("/state"), "requested");
    assert_eq!(made.text("/state"), "generated");
    assert_eq!(made.text("/digest"), made.text("/backend/digest"));
    assert_eq!(undecided.text("/state"), "reviewing");
    assert_eq!(still_undecided.text("/state"), "reviewing");
    assert_eq!(still_undecided.headers.get("idempotent-replayed"), None);
}

#[tokio::test]
async fn an_unanswered_review_is_expired_and_not_rejected() {
    let office = Office::with(&["--review-within", "0"]);
    let (handle, suggestion) = office.reviewing().await;

    let polled = office.step(&handle, "decision").await;
    let too_late = office.decide(&suggestion, &approval()).await;

    assert_eq!(office.integrator.state(&handle).await, "expired");
    assert_eq!(polled.status, 410);
    assert_eq!(polled.text("/code"), "expired");
    assert_eq!(too_late.text("/error"), "REVIEW_LAPSED");
    assert_eq!(office.versions().await, json!([TEXT]));
}

#[tokio::test]
async fn a_review_that_lapses_when_the_desk_closes_is_expired_and_not_rejected() {
    let office = Office::open();
    let (handle, suggestion) = office.reviewing().await;
    direct::post(&office.desk, "/desk/close", &json!({})).await;

    let lapsed = office.step(&handle, "decision").await;
    let too_late = office.decide(&suggestion, &approval()).await;

    assert_eq!(lapsed.status, 200);
    assert_eq!(lapsed.text("/state"), "expired");
    assert_eq!(lapsed.text("/backend/status"), "lapsed");
    assert_eq!(too_late.text("/error"), "REVIEW_LAPSED");
}

#[tokio::test]
async fn a_review_may_be_answered_as_long_as_the_desk_says() {
    let office = Office::open();
    let (handle, _) = office.generated().await;

    let reviewing = office.step(&handle, "review").await;

    assert_eq!(
        reviewing.text("/expiresAt"),
        reviewing.text("/backend/expiresAt")
    );
}

#[tokio::test]
async fn only_who_has_a_reviewers_key_decides() {
    let office = Office::open();
    let (handle, suggestion) = office.reviewing().await;

    let path = format!("/desk/reviews/{suggestion}");
    let refused = direct::post(&office.desk, &path, &approval()).await;
    let polled = office
        .integrator
        .step(&handle, "decision", &json!({"status": "approved"}))
        .await;

    assert_eq!(refused.status, 401);
    assert_eq!(refused.text("/error"), "NO_REVIEWER");
    assert_eq!(polled.text("/state"), "reviewing");
}

#[tokio::test]
async fn a_rejection_without_a_reason_is_none() {
    let office = Office::open();
    let (handle, suggestion) = office.reviewing().await;

    let no = json!({"reviewer": "ada", "verdict": "reject"});
    let refused = office.decide(&suggestion, &no).await;

    assert_eq!(refused.status, 422);
    assert_eq!(refused.text("/error"), "INCOMPLETE");
    assert_eq!(
        office.step(&handle, "decision").await.text("/state"),
        "reviewing"
    );
}

#[tokio::test]
async fn what_is_reviewed_is_what_was_generated() {
    let office = Office::open();
    let (handle, suggestion) = office.generated().await;
    let another = json!({"digest": "0".repeat(64)});

    let by_flow = office.integrator.step(&handle, "review", &another).await;
    let path = format!("/suggestions/{suggestion}/review");
    let by_hand = direct::post(&office.desk, &path, &another).await;

    assert_eq!(by_flow.status, 400);
    assert_eq!(by_flow.text("/code"), "invalid_input");
    assert_eq!(by_hand.status, 409);
    assert_eq!(by_hand.text("/error"), "SUGGESTION_IS_ANOTHER");
    assert_eq!(
        office.step(&handle, "review").await.text("/state"),
        "reviewing"
    );
}

#[tokio::test]
async fn a_suggestion_is_not_reviewed_before_it_is_made() {
    let office = Office::open();
    let (handle, suggestion) = office.requested().await;

    let by_flow = office.step(&handle, "review").await;
    let path = format!("/suggestions/{suggestion}/review");
    let by_hand = direct::post(&office.desk, &path, &json!({"digest": ""})).await;

    assert_eq!(by_flow.text("/code"), "sequence_violation");
    assert_eq!(by_hand.text("/error"), "NOT_GENERATED");
}

#[tokio::test]
async fn a_machine_that_is_away_leaves_no_flow() {
    let office = Office::with(&["--machine-away"]);

    let refused = office.request().await;

    assert_eq!(refused.status, 502);
    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.member("/backendStatus"), 503);
    assert_eq!(refused.text("/backend/error"), "MACHINE_AWAY");
    assert_eq!(
        office.integrator.get("/health").await.member("/flowCount"),
        0
    );
}

#[tokio::test]
async fn a_suggestion_for_a_content_that_has_changed_since_is_not_approved() {
    let office = Office::open();
    let (first, first_suggestion) = office.reviewing().await;
    let (second, second_suggestion) = office.reviewing().await;
    office.decide(&first_suggestion, &approval()).await;

    let refused = office.decide(&second_suggestion, &approval()).await;

    assert_eq!(refused.text("/error"), "CONTENT_CHANGED");
    assert_eq!(
        office.step(&first, "decision").await.text("/state"),
        "approved"
    );
    assert_eq!(
        office.step(&second, "decision").await.text("/state"),
        "reviewing"
    );
}
