//! One Idempotency-Key, one answer.

use std::thread;

use appattest_backend::{
    authority::{Answer, Call, ChallengePolicy},
    device::{AssertionDefect, Form},
    idempotency::{ANSWER_TTL, IdempotencyKey},
    reason::Reason,
    store::Bounds,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    harness::{Reply, Server},
    house::{APP, House, acceptance, read},
};

fn keyed(house: &House, call: Call, key: &str, body: &Value) -> Answer {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    house
        .authority
        .answer(call, Some(key), body.to_string().as_bytes())
}

#[test]
fn the_same_request_gets_the_same_bytes_and_changes_nothing_more() {
    let house = House::open(ChallengePolicy::Required);
    let mut device = house.device(Form::Classic);
    let registration = house.challenged(&device, None);
    let first = keyed(&house, Call::Register, "r", &registration);
    let second = keyed(&house, Call::Register, "r", &registration);
    assert_eq!(
        (first.status(), first.body()),
        (second.status(), second.body())
    );
    assert!(second.is_replayed() && !first.is_replayed());
    assert_eq!(house.authority.counts().flows, 1);

    let flow = read(&first).1["flowID"].as_str().unwrap().to_owned();
    let hash = house.hash(&device, &flow);
    let body = house.assertion(&mut device, &flow, &hash, None);
    for _ in 0..3 {
        let verdict = keyed(&house, Call::Verify, "v", &body);
        assert_eq!(read(&verdict).1["signCount"], 1);
    }
}

#[test]
fn refusals_of_every_kind_are_recorded_too() {
    let house = House::open(ChallengePolicy::Required);
    let mut device = house.device(Form::Classic);
    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let bad = house.assertion(&mut device, &flow, &hash, Some(AssertionDefect::OtherKey));
    for (call, key, body, status, reason) in [
        (Call::Verify, "a", bad, 200, Reason::SignatureInvalid),
        (Call::Register, "b", json!({}), 400, Reason::MissingMember),
    ] {
        for _ in 0..2 {
            let answer = keyed(&house, call, key, &body);
            assert_eq!(answer.status(), status);
            assert_eq!(read(&answer).1["reason"], reason.code());
        }
    }
}

#[test]
fn a_key_with_another_body_or_path_is_refused() {
    let house = House::open(ChallengePolicy::Required);
    keyed(&house, Call::Challenge, "k", &json!({}));
    for (call, body) in [
        (Call::Challenge, json!({"other": 1})),
        (Call::Verify, json!({})),
    ] {
        let answer = keyed(&house, call, "\"k\"", &body);
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.reason(), Some(Reason::IdempotencyKeyReused));
    }
    // The first answer still stands.
    assert!(keyed(&house, Call::Challenge, "k", &json!({})).is_replayed());
}

#[test]
fn an_answer_that_says_come_back_is_not_recorded() {
    let bounds = Bounds {
        challenges: 1,
        ..Bounds::default()
    };
    let house = House::with(ChallengePolicy::Required, acceptance(), bounds);
    house.call(Call::Challenge, &json!({}));
    assert_eq!(
        keyed(&house, Call::Challenge, "k", &json!({})).status(),
        503
    );
    house.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(
        keyed(&house, Call::Challenge, "k", &json!({})).status(),
        200
    );
}

#[test]
fn answers_are_forgotten_after_a_day_or_when_newer_ones_need_the_room() {
    let bounds = Bounds {
        answers: 2,
        ..Bounds::default()
    };
    let house = House::with(ChallengePolicy::Required, acceptance(), bounds);
    keyed(&house, Call::Challenge, "1", &json!({}));
    house.clock.advance(ANSWER_TTL);
    assert!(!keyed(&house, Call::Challenge, "1", &json!({})).is_replayed());
    keyed(&house, Call::Challenge, "2", &json!({}));
    keyed(&house, Call::Challenge, "3", &json!({}));
    assert!(house.authority.counts().answers <= 2);
    assert!(keyed(&house, Call::Challenge, "3", &json!({})).is_replayed());
    assert!(!keyed(&house, Call::Challenge, "1", &json!({})).is_replayed());
}

#[test]
fn simultaneous_requests_with_one_key_get_one_answer() {
    let server = Server::start(&["--app", APP]);
    let post = || server.post_with("/app-attest/challenge", "idempotency-key: one\r\n", b"{}");
    let replies: Vec<Reply> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(post)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for reply in &replies {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, replies[0].body);
    }
    let fresh = replies
        .iter()
        .filter(|reply| !reply.head.contains("idempotent-replayed: true"));
    assert_eq!(fresh.count(), 1);
}

#[test]
fn simultaneous_verifications_with_one_key_get_one_verdict() {
    let house = House::open(ChallengePolicy::Required);
    let mut device = house.device(Form::Classic);
    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let body = house.assertion(&mut device, &flow, &hash, None);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let verify = || keyed(&house, Call::Verify, "one", &body);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(verify)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!(read(answer).1["signCount"], 1);
    }
    assert_eq!(
        answers
            .iter()
            .filter(|answer| !answer.is_replayed())
            .count(),
        1
    );
}
