//! Credentials that are made, and what the relying party refuses.

use serde_json::{Value, json};

use super::{Browser, ORIGIN, OTHER_ORIGIN, Site, options, with_another_challenge};
use crate::harness::Reply;

fn site() -> Site {
    Site::of("webauthn-registration")
}

async fn registered(site: &Site, browser: &Browser) -> (Value, Reply) {
    let flow = site.started().await;
    let credential = browser.create(ORIGIN, &options(&flow)).await;
    let reply = site.finish(&flow, &credential).await;
    (credential, reply)
}

#[tokio::test]
async fn a_new_credential_is_verified() {
    let (credential, reply) = registered(&site(), &Browser::open()).await;

    assert_eq!(reply.text("/state"), "verified");
    assert_eq!(reply.member("/credentialID"), credential["id"]);
}

#[tokio::test]
async fn the_relying_partys_session_names_the_flow_and_ends_it() {
    let flow = site().started().await;

    assert_eq!(flow.text("/flowID"), flow.text("/backend/sessionID"));
    assert_eq!(flow.text("/expiresAt"), flow.text("/backend/expiresAt"));
}

#[tokio::test]
async fn a_large_response_arrives_whole() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let mut credential = browser.create(ORIGIN, &options(&flow)).await;
    credential["clientExtensionResults"]["blob"] = "A".repeat(200 * 1024).into();

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "verified");
}

#[tokio::test]
async fn the_same_response_again_gets_the_same_reply() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let credential = browser.create(ORIGIN, &options(&flow)).await;
    let first = site.finish(&flow, &credential).await;

    let second = site.finish(&flow, &credential).await;

    assert_eq!(second.body, first.body);
}

#[tokio::test]
async fn a_verdict_that_was_lost_is_told_and_not_made_again() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let credential = browser.create(ORIGIN, &options(&flow)).await;
    site.finish_without_hearing(&flow, &credential).await;

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "verified");
}

#[tokio::test]
async fn a_credential_made_on_another_page_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let credential = browser.create(OTHER_ORIGIN, &options(&flow)).await;

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("origin"));
}

#[tokio::test]
async fn a_credential_made_for_another_challenge_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let asked = with_another_challenge(&options(&flow));
    let credential = browser.create(ORIGIN, &asked).await;

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("challenge"));
}

#[tokio::test]
async fn a_credential_made_for_another_relying_party_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let mut asked = options(&flow);
    asked["rp"]["id"] = "login.example.com".into();
    let mut credential = browser.create(OTHER_ORIGIN, &asked).await;
    // The client data of the right page, which somebody put before what the authenticator made.
    let right = browser.create(ORIGIN, &options(&flow)).await;
    credential["response"]["clientDataJSON"] = right["response"]["clientDataJSON"].clone();

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("RP ID"));
}

#[tokio::test]
async fn an_attestation_that_was_cut_short_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let mut credential = browser.create(ORIGIN, &options(&flow)).await;
    let whole = credential["response"]["attestationObject"].clone();
    let whole = whole.as_str().unwrap_or_default();
    credential["response"]["attestationObject"] = whole[..whole.len() / 2].into();

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
}

#[tokio::test]
async fn a_credential_of_an_earlier_flow_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let (credential, _) = registered(&site, &browser).await;
    let flow = site.started().await;

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
}

#[tokio::test]
async fn a_session_that_the_relying_party_has_ended_is_rejected() {
    let (site, browser) = (site(), Browser::open());
    let flow = site.started().await;
    let credential = browser.create(ORIGIN, &options(&flow)).await;
    site.wait(121).await;

    let reply = site.finish(&flow, &credential).await;

    assert_eq!(reply.text("/state"), "rejected");
    assert!(reply.text("/backend/reason").contains("has expired"));
}

#[tokio::test]
async fn a_caller_brings_no_session_of_its_own() {
    let (site, browser) = (site(), Browser::open());
    let (mine, theirs) = (site.started().await, site.started().await);
    let mut credential = browser.create(ORIGIN, &options(&theirs)).await;
    credential["sessionID"] = theirs.text("/flowID").into();

    let reply = site.finish(&mine, &credential).await;

    assert_eq!(reply.text("/code"), "invalid_input");
}

#[tokio::test]
async fn what_is_no_response_at_all_leaves_the_flow_as_it_was() {
    let site = site();
    let flow = site.started().await;

    let reply = site.finish(&flow, &json!({ "id": "x" })).await;

    assert_eq!(reply.text("/code"), "backend_error");
    let state = site.integrator.state(&flow.handle()).await;
    assert_eq!(state, "options_issued");
}
