//! Answers whose end cannot be known, or that are no HTTP: none of their bytes is kept.

use super::{BROKEN, Deed, Part, Scene, VERIFIED, answer};
use crate::harness::service::ASSERT;

async fn suffers(answers: &[&str]) {
    for answer in answers {
        let scene = Scene::new().await;
        scene.suffers(Deed::says(answer), BROKEN).await;
    }
}

#[tokio::test]
async fn a_backend_that_hangs_up_on_us_leaves_the_outcome_unknown() {
    Scene::new().await.suffers(Deed::HangUp, BROKEN).await;
    Scene::new().await.suffers(Deed::says(""), BROKEN).await;
}

#[tokio::test]
async fn a_reset_while_the_request_is_written_leaves_the_outcome_unknown() {
    let scene = Scene::new().await;
    scene.hostile.next(Deed::ResetInBody);
    let long = ASSERT.replace("YXNz", &"A".repeat(200 * 1024));

    let reply = scene.service.step(&scene.handle, "assert", long).await;

    scene.is_unharmed(&reply, BROKEN).await;
}

#[tokio::test]
async fn a_reset_within_the_head_leaves_the_outcome_unknown() {
    let head = b"HTTP/1.1 200 OK\r\nconte".to_vec();
    let deed = Deed::Answer(vec![Part::Bytes(head), Part::Reset]);
    Scene::new().await.suffers(deed, BROKEN).await;
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_no_answer() {
    let short = format!("HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{VERIFIED}");
    let reset = vec![Part::Bytes(short.clone().into_bytes()), Part::Reset];
    Scene::new()
        .await
        .suffers(Deed::Answer(reset), BROKEN)
        .await;
    suffers(&[&short]).await;
}

#[tokio::test]
async fn chunks_without_a_last_one_are_no_answer() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{head}11\r\n{VERIFIED}\r\n");
    let half = format!("{head}11\r\n{{\"verified\"");
    suffers(&[
        &chunk,
        &half,
        &format!("{chunk}0\r\n"),
        &format!("{head}no\r\n"),
    ])
    .await;
}

#[tokio::test]
async fn a_body_that_ends_with_its_connection_is_no_answer() {
    for version in ["1.1", "1.0"] {
        suffers(&[&format!("HTTP/{version} 200 OK\r\n\r\n{VERIFIED}")]).await;
    }
}

#[tokio::test]
async fn an_answer_in_http_1_0_counts_when_it_has_a_length() {
    let said = answer("200 OK", "", VERIFIED).replace("HTTP/1.1", "HTTP/1.0");
    let scene = Scene::new().await;
    scene.takes(Deed::says(said), VERIFIED.as_bytes()).await;
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_no_answer() {
    for lengths in [
        "content-length: 17\r\ncontent-length: 3\r\n",
        "content-length: 3, 17\r\n",
        "content-length: -1\r\n",
        "content-length: +17\r\n",
        "content-length: 99999999999999999999999\r\n",
    ] {
        suffers(&[&format!("HTTP/1.1 200 OK\r\n{lengths}\r\n{VERIFIED}")]).await;
    }
}

#[tokio::test]
async fn chunks_win_over_a_length_and_end_the_connection() {
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n";
    let said = format!("{both}11\r\n{VERIFIED}\r\n0\r\n\r\n");
    let scene = Scene::new().await;
    scene.takes(Deed::says(said), VERIFIED.as_bytes()).await;
}

#[tokio::test]
async fn a_transfer_coding_other_than_chunked_alone_is_no_answer() {
    let chunks = format!("{:x}\r\n{VERIFIED}\r\n0\r\n\r\n", VERIFIED.len());
    let length = format!("content-length: {}", VERIFIED.len());
    suffers(&[
        &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n{length}\r\n\r\n{VERIFIED}"),
        &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n{length}\r\n\r\n{VERIFIED}"),
        &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n{chunks}"),
    ])
    .await;
}

#[tokio::test]
async fn headers_that_break_out_of_their_lines_are_no_answer() {
    for header in [
        "x: a\rSet-Cookie: b",
        "x: a\0b",
        "x y: a",
        " folded",
        "\u{1}: a",
    ] {
        suffers(&[&answer("200 OK", &format!("{header}\r\n"), VERIFIED)]).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    suffers(&[
        "hello\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn headers_of_an_answer_other_than_its_type_are_dropped() {
    let headers = "set-cookie: a=b\r\nlocation: http://elsewhere.test/\r\ncontent-type: text/x\r\n\
                   strict-transport-security: max-age=1\r\nx-integrator-error: lie\r\n";
    let scene = Scene::new().await;

    let reply = scene
        .takes(
            Deed::says(answer("200 OK", headers, VERIFIED)),
            VERIFIED.as_bytes(),
        )
        .await;

    let path = format!("/v1/flows/{}/steps/assert/response", scene.handle);
    let kept = scene.service.get(path).await;
    for reply in [&reply, &kept] {
        for name in [
            "set-cookie",
            "location",
            "strict-transport-security",
            "x-integrator-error",
        ] {
            assert_eq!(reply.header(name), None);
        }
    }
    assert_eq!(kept.header("content-type"), Some("text/x"));
    scene.service.registered().await;
    let latest = scene.hostile.heads().pop().expect("a call");
    assert_eq!(super::header(&latest, "cookie"), None);
}
