//! Sign-ins, and what the relying party refuses.

use serde_json::{Value, json};

use super::{Browser, ORIGIN, OTHER_ORIGIN, Site, options, with_another_challenge};

/// A site that knows a credential of a browser.
async fn known(browser: &Browser) -> Site {
    let site = Site::of("webauthn-assertion");
    let asked = json!({ "userName": "ada" });
    let opened = site.ask("/webauthn/registration/options", &asked).await;
    let mut credential = browser.create(ORIGIN, &opened["options"]).await;
    credential["sessionID"] = opened["sessionID"].clone();
    let answer = site.ask("/webauthn/registration/verify", &credential).await;
    assert_eq!(answer["verified"], true, "{answer}");
    site
}

fn with_a_signature_changed(assertion: &Value) -> Value {
    let mut changed = assertion.clone();
    let signature = assertion["response"]["signature"].as_str();
    let signature = signature.unwrap_or_default();
    let (front, end) = signature.split_at(signature.len() - 6);
    let other = if end == "AAAAAA" { "BBBBBB" } else { "AAAAAA" };
    changed["response"]["signature"] = format!("{front}{other}").into();
    changed
}

#[tokio::test]
async fn an_assertion_by_a_known_credential_is_verified() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.started().await;
    let assertion = browser.get(ORIGIN, &options(&flow)).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "verified");
    assert_eq!(reply.text("/backend/userName"), "ada");
}

#[tokio::test]
async fn a_passkey_says_by_itself_whose_it_is() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.integrator.start(&json!({})).await;
    let assertion = browser.get(ORIGIN, &options(&flow)).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "verified");
    assert_eq!(reply.member("/credentialID"), assertion["id"]);
}

#[tokio::test]
async fn a_verdict_that_was_lost_is_told_and_not_made_again() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.started().await;
    let assertion = browser.get(ORIGIN, &options(&flow)).await;
    site.finish_without_hearing(&flow, &assertion).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "verified");
}

#[tokio::test]
async fn an_assertion_from_another_page_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.started().await;
    let assertion = browser.get(OTHER_ORIGIN, &options(&flow)).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("origin"));
}

#[tokio::test]
async fn an_assertion_over_another_challenge_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.started().await;
    let asked = with_another_challenge(&options(&flow));
    let assertion = browser.get(ORIGIN, &asked).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("challenge"));
}

#[tokio::test]
async fn an_assertion_whose_signature_was_changed_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let flow = site.started().await;
    let assertion = browser.get(ORIGIN, &options(&flow)).await;

    let changed = with_a_signature_changed(&assertion);
    let reply = site.finish(&flow, &changed).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("signature"));
}

#[tokio::test]
async fn an_assertion_of_an_earlier_flow_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let earlier = site.started().await;
    let assertion = browser.get(ORIGIN, &options(&earlier)).await;
    site.finish(&earlier, &assertion).await;
    let flow = site.started().await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("challenge"));
}

#[tokio::test]
async fn an_assertion_that_was_counted_before_a_known_one_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let (flow, other) = (site.started().await, site.started().await);
    let first = browser.get(ORIGIN, &options(&flow)).await;
    let second = browser.get(ORIGIN, &options(&other)).await;
    site.finish(&other, &second).await;

    let reply = site.finish(&flow, &first).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("counter"));
}

#[tokio::test]
async fn a_credential_that_the_relying_party_does_not_know_is_rejected() {
    let browser = Browser::open();
    let site = known(&browser).await;
    let stranger = Browser::open();
    let elsewhere = site
        .ask(
            "/webauthn/registration/options",
            &json!({ "userName": "eve" }),
        )
        .await;
    stranger.create(ORIGIN, &elsewhere["options"]).await;
    let flow = site.integrator.start(&json!({})).await;
    let assertion = stranger.get(ORIGIN, &options(&flow)).await;

    let reply = site.finish(&flow, &assertion).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("no credential"));
}
