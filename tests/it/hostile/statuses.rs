//! Statuses: which are answers, which are none, and which are verdicts.

use super::{BROKEN, DECLINED, Deed, Hostile, Manners, Scene, VERIFIED, answer};
use serde_json::json;

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let said = format!("{interim}{}", answer("200 OK", "", VERIFIED));
    let scene = Scene::new().await;
    scene.takes(Deed::says(said), VERIFIED.as_bytes()).await;
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_no_answer() {
    let said = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    Scene::new().await.suffers(Deed::says(said), BROKEN).await;
}

#[tokio::test]
async fn statuses_that_http_does_not_know_are_no_answer() {
    for status in ["099 X", "600 X", "999 X", "42 X", "2000 X", "abc X"] {
        let scene = Scene::new().await;
        scene
            .suffers(Deed::says(answer(status, "", VERIFIED)), BROKEN)
            .await;
    }
}

#[tokio::test]
async fn a_success_without_a_body_is_unclassified_and_ends_the_flow_in_error() {
    for said in [
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        answer("205 Reset Content", "", ""),
        answer("200 OK", "", ""),
        answer("202 Accepted", "", "{}"),
    ] {
        let scene = Scene::new().await;

        let reply = scene.meets(Deed::says(&said)).await;

        assert_eq!(reply.status, 502, "{said}");
        assert_eq!(
            reply.code().as_deref(),
            Some("backend_unclassified"),
            "{said}"
        );
        assert_eq!(reply.member("/retryable"), Some(json!(false)));
        let empty = reply.member("/backend_base64") == Some(json!(""));
        assert_eq!(empty, !said.ends_with("{}"), "{}", reply.text());
        assert_eq!(scene.service.state(&scene.handle).await, "error");
        assert_eq!(scene.hostile.most_asked().0, 1);
    }
}

#[tokio::test]
async fn redirects_are_told_and_never_followed() {
    let elsewhere = Hostile::start(Manners::CloseSaid).await;
    for status in [300, 301, 302, 303, 307, 308] {
        let scene = Scene::new().await;
        let location = format!("location: {}/app-attest/verify\r\n", elsewhere.url());
        let deed = Deed::says(answer(&format!("{status} Moved"), &location, "{}"));

        let reply = scene.meets(deed).await;

        scene.is_unharmed(&reply, DECLINED).await;
        assert_eq!(reply.member("/backendStatus"), Some(json!(status)));
        assert_eq!(reply.header("location"), None);
        scene.succeeds_again(&reply).await;
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_answer_that_is_not_modified_ends_with_its_head() {
    let said = "HTTP/1.1 304 Not Modified\r\ncontent-length: 17\r\n\r\n";
    Scene::new().await.suffers(Deed::says(said), DECLINED).await;
}

#[tokio::test]
async fn refusals_and_failures_of_the_backend_are_told_verbatim_and_change_nothing() {
    for status in [
        400, 401, 403, 404, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504, 599,
    ] {
        let scene = Scene::new().await;
        let body = r#"{"b": 1e400, "a":"\ud800", "a":2}"#;

        let reply = scene
            .meets(Deed::says(answer(&format!("{status} No"), "", body)))
            .await;

        let text = reply.text();
        assert_eq!(
            (reply.status, reply.header("x-integrator-error")),
            (502, Some("backend_error"))
        );
        assert!(
            text.contains(&format!("\"backendStatus\":{status},\"backend\":{body}")),
            "{text}"
        );
        assert_eq!(scene.service.state(&scene.handle).await, "hash_issued");
        assert_eq!(scene.hostile.most_asked().0, 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_told_in_base64() {
    let scene = Scene::new().await;
    let reply = scene
        .meets(Deed::says(answer("503 No", "", "<html>")))
        .await;
    scene.is_unharmed(&reply, DECLINED).await;
    assert_eq!(reply.string("/backend_base64"), "PGh0bWw+");
    assert_eq!(reply.member("/backend"), None);
}
