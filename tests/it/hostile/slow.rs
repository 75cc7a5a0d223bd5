//! Answers that come too late, or never.

use std::time::Duration;

use super::{Deed, LATE, Part, Scene, VERIFIED, answer};

#[tokio::test]
async fn a_backend_that_never_answers_is_a_timeout_of_unknown_outcome() {
    let deed = Deed::Answer(vec![Part::Silence]);
    Scene::in_a_hurry().await.suffers(deed, LATE).await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_a_timeout_of_unknown_outcome() {
    let head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    let deed = Deed::Answer(vec![Part::Bytes(head), Part::Silence]);
    Scene::in_a_hurry().await.suffers(deed, LATE).await;
}

#[tokio::test]
async fn a_drip_that_never_pauses_long_ends_with_the_deadline_of_the_whole_call() {
    let said = answer("200 OK", "", &" ".repeat(1000)).into_bytes();
    let deed = Deed::Answer(vec![Part::Drip(said, Duration::from_millis(5))]);
    Scene::in_a_hurry().await.suffers(deed, LATE).await;
}

#[tokio::test]
async fn an_answer_after_the_deadline_changes_nothing() {
    let scene = Scene::in_a_hurry().await;
    let late = Part::Bytes(answer("200 OK", "", VERIFIED).into_bytes());
    let deed = Deed::Answer(vec![Part::Pause(Duration::from_secs(3)), late]);

    let reply = scene.meets(deed).await;
    scene.is_unharmed(&reply, LATE).await;
    scene.hostile.has_said_all().await;

    scene.is_unharmed(&reply, LATE).await;
    scene.succeeds_again(&reply).await;
}
