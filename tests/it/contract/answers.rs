//! Recorded answers, kept beside their flow.

use bytes::Bytes;
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::ids::AttemptId;

use super::samples::answer;
use super::subject::Subject;

/// Keeps a whole answer as that of a start and reads it back.
async fn kept(subject: &Subject, number: u64, answer: WholeAnswer) {
    let (stored, call) = subject.created(number).await;
    let (next, recorded) = subject.answered(&stored, &call, answer.clone()).await;

    let attempts = [recorded.attempt.clone()];
    let read = subject.store.answers(&next, &attempts).await.unwrap();

    assert_eq!(read, [recorded]);
    assert_eq!(read[0].answer, answer);
}

pub(super) async fn a_body_is_kept_byte_for_byte(subject: Subject) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let bodies = [
        Bytes::new(),
        Bytes::from(every_byte.clone()),
        Bytes::from_static(b"{\"id\":\"a\",\"id\":\"b\",\"n\":1e400} "),
        Bytes::from_static(b"\0"),
        Bytes::from_static(b"\xef\xbb\xbf{}"),
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let content_type = (number % 2 == 0).then(|| Bytes::from(every_byte.clone()));
        let answer = WholeAnswer {
            status: 200,
            content_type,
            body,
        };
        kept(&subject, number as u64, answer).await;
    }
}

pub(super) async fn a_mebibyte_is_kept_byte_for_byte(subject: Subject) {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let body: Vec<u8> = (0..1024 * 1024).map(|_| next()).collect();
    let answer = WholeAnswer {
        status: 200,
        content_type: None,
        body: body.into(),
    };

    kept(&subject, 1, answer).await;

    assert_eq!(subject.store.census().await.unwrap().bytes, 1024 * 1024);
}

pub(super) async fn answers_come_in_the_order_they_are_asked_for(subject: Subject) {
    let mut stored = subject.begun(1).await;
    for draw in 10..13 {
        stored = subject.polled(&stored, draw, 202).await;
    }
    let attempts = ["attempt-12", "attempt-1", "attempt-99", "attempt-11"];
    let attempts = attempts.map(AttemptId::new);

    let read = subject.store.answers(&stored, &attempts).await.unwrap();

    let read: Vec<_> = read.iter().map(|answer| answer.attempt.as_str()).collect();
    assert_eq!(read, ["attempt-12", "attempt-1", "attempt-11"]);
}

pub(super) async fn a_dropped_answer_is_gone_and_no_longer_counted(subject: Subject) {
    let mut stored = subject.begun(1).await;
    let before = subject.store.census().await.unwrap().bytes;
    // A history lists the latest sixteen self-loops; the answers of earlier ones are dropped.
    for draw in 10..40 {
        stored = subject.polled(&stored, draw, 202).await;
    }
    let attempts: Vec<_> = (10..40)
        .map(|draw| AttemptId::new(&format!("attempt-{draw}")))
        .collect();

    let read = subject.store.answers(&stored, &attempts).await.unwrap();

    let read: Vec<_> = read.iter().map(|answer| answer.attempt.clone()).collect();
    assert_eq!(read, attempts[14..]);
    let one = answer(202, "{}");
    let one = (one.body.len() + one.content_type.unwrap().len()) as u64;
    let after = subject.store.census().await.unwrap().bytes;
    assert_eq!(after - before, 16 * one);
}
