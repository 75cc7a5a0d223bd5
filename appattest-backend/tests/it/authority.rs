//! Challenges, flows and hashes: what is good once, for how long, and for whom.

use appattest_backend::{
    authority::{Call, ChallengePolicy},
    decoder::encode_base64,
    device::{AssertionDefect, AttestationDefect, Form, Profile},
    flows::{FLOW_TTL, HASH_TTL},
    reason::Reason,
    store::Bounds,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::house::{APP, House, acceptance, profile};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn open() -> House {
    House::open(ChallengePolicy::Required)
}

fn rejected(house: &House, call: Call, body: &Value, reason: Reason) {
    let (status, answer) = house.call(call, body);
    assert_eq!(answer["reason"], reason.code(), "{answer}");
    assert_eq!((status, &answer["status"]), (422, &json!("rejected")));
}

fn unverified(house: &House, body: &Value, reason: Reason) {
    let (status, answer) = house.call(Call::Verify, body);
    assert_eq!(answer["reason"], reason.code(), "{answer}");
    assert_eq!((status, &answer["verified"]), (200, &json!(false)));
}

#[test]
fn a_challenge_dies_after_a_quarter_of_an_hour() {
    let house = open();
    let device = house.device(Form::Classic);
    let body = house.challenged(&device, None);
    house.clock.advance(SignedDuration::from_mins(15));
    rejected(&house, Call::Register, &body, Reason::ExpiredChallenge);
    house.clock.advance(SignedDuration::from_mins(16));
    // Any transaction sweeps.
    house.call(Call::Challenge, &json!({}));
    rejected(&house, Call::Register, &body, Reason::UnknownChallenge);
}

#[test]
fn a_rejected_registration_spends_its_challenge() {
    let house = open();
    let device = house.device(Form::Classic);
    let bad = house.challenged(&device, Some(AttestationDefect::NonzeroCounter));
    rejected(&house, Call::Register, &bad, Reason::CounterNotZero);
    rejected(&house, Call::Register, &bad, Reason::ConsumedChallenge);
}

#[test]
fn a_malformed_request_spends_nothing() {
    let house = open();
    let device = house.device(Form::Classic);
    let body = house.challenged(&device, None);
    let mut malformed = body.clone();
    malformed["attestationObject_base64"] = json!("%");
    assert_eq!(house.call(Call::Register, &malformed).0, 400);
    assert_eq!(house.call(Call::Register, &body).0, 200);
}

#[test]
fn a_challenge_is_good_for_one_registration_and_its_identical_repetition() {
    let house = open();
    let device = house.device(Form::Classic);
    let body = house.challenged(&device, None);
    let (_, first) = house.call(Call::Register, &body);
    // Its answer was lost; the client, without an Idempotency-Key, tries again.
    house.clock.advance(SignedDuration::from_mins(14));
    let (status, second) = house.call(Call::Register, &body);
    assert_eq!(status, 200);
    assert_eq!(first, second);
    assert_eq!(house.authority.counts().flows, 1);

    let mut other = house.challenged(&house.device(Form::Classic), None);
    other["challengeID"] = body["challengeID"].clone();
    rejected(&house, Call::Register, &other, Reason::ConsumedChallenge);
    assert_eq!(house.authority.counts().keys, 1);
}

#[test]
fn a_known_key_is_registered_again_without_its_counter_going_back() {
    let house = open();
    let mut device = house.device(Form::Ios27);
    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let body = house.assertion(&mut device, &flow, &hash, None);
    assert_eq!(house.call(Call::Verify, &body).1["signCount"], 1);

    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let body = house.assertion(
        &mut device,
        &flow,
        &hash,
        Some(AssertionDefect::ReusedCounter),
    );
    unverified(&house, &body, Reason::CounterNotGreater);
}

#[test]
fn a_key_of_one_application_is_not_registered_for_another() {
    let mut acceptance = acceptance();
    let other = Profile {
        app: "ABCDE12345.com.example.other".parse().unwrap(),
        ..profile(Form::Classic)
    };
    acceptance.apps.push(other.app.clone());
    let house = House::with(ChallengePolicy::Required, acceptance, Bounds::default());
    let device = house.device(Form::Classic);
    house.registered(&device);
    let moved = house.challenged(&device.in_profile(other), None);
    rejected(&house, Call::Register, &moved, Reason::KeyConflict);
}

#[test]
fn a_hash_is_good_once_whatever_the_verdict() {
    let house = open();
    let mut device = house.device(Form::Classic);
    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let bad = house.assertion(&mut device, &flow, &hash, Some(AssertionDefect::OtherKey));
    unverified(&house, &bad, Reason::SignatureInvalid);
    let good = house.assertion(&mut device, &flow, &hash, None);
    unverified(&house, &good, Reason::HashConsumed);
}

#[test]
fn a_hash_dies_after_five_minutes_and_a_flow_issues_for_fifteen() {
    let house = open();
    let mut device = house.device(Form::Classic);
    let flow = house.registered(&device);
    let hash = house.hash(&device, &flow);
    let body = house.assertion(&mut device, &flow, &hash, None);
    house.clock.advance(HASH_TTL);
    unverified(&house, &body, Reason::HashExpired);

    house.clock.advance(FLOW_TTL - HASH_TTL - SECOND);
    let hash = house.hash(&device, &flow);
    house.clock.advance(SECOND);
    let asked = json!({ "keyID_base64": encode_base64(&device.key_id()), "flowID": flow });
    rejected(&house, Call::ClientDataHash, &asked, Reason::ExpiredFlow);
    // A hash that was issued in time may still be used.
    let body = house.assertion(&mut device, &flow, &hash, None);
    assert_eq!(house.call(Call::Verify, &body).1["verified"], true);
}

#[test]
fn only_the_hash_last_issued_to_the_flow_of_the_key_counts() {
    let house = open();
    let mut device = house.device(Form::Classic);
    let flow = house.registered(&device);
    let unissued = house.assertion(&mut device, &flow, &[7; 32], None);
    unverified(&house, &unissued, Reason::HashNotIssued);

    let first = house.hash(&device, &flow);
    let second = house.hash(&device, &flow);
    assert_ne!(first, second);
    let stale = house.assertion(&mut device, &flow, &first, None);
    unverified(&house, &stale, Reason::HashMismatch);

    let other = house.device(Form::Classic);
    let other_flow = house.registered(&other);
    house.hash(&other, &other_flow);
    let crossed = house.assertion(&mut device, &other_flow, &second, None);
    unverified(&house, &crossed, Reason::KeyFlowMismatch);
    let mut lost = house.assertion(&mut device, &flow, &second, None);
    lost["flowID"] = json!("00000000-0000-4000-8000-000000000000");
    unverified(&house, &lost, Reason::UnknownFlow);
    let mut stranger = house.device(Form::Classic);
    let unknown = house.assertion(&mut stranger, &flow, &second, None);
    unverified(&house, &unknown, Reason::UnknownKey);
    rejected(
        &house,
        Call::ClientDataHash,
        &unknown_of(&unknown),
        Reason::UnknownKey,
    );

    // None of these spent the hash.
    let good = house.assertion(&mut device, &flow, &second, None);
    assert_eq!(house.call(Call::Verify, &good).1["verified"], true);
}

fn unknown_of(verification: &Value) -> Value {
    json!({ "keyID_base64": verification["keyID_base64"], "flowID": verification["flowID"] })
}

#[test]
fn unreadable_requests_name_the_member_and_the_reason() {
    let house = open();
    let key = encode_base64(&[1; 32]);
    let flow = "00000000-0000-4000-8000-000000000000";
    let register = |change: Value| {
        let mut body = json!({
            "keyID_base64": key, "attestationObject_base64": "AAAA", "challengeID": flow
        });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let cases = [
        (
            register(json!({"keyID_base64": null})),
            Reason::MissingMember,
            "keyID_base64",
        ),
        (
            register(json!({"keyID_base64": 7})),
            Reason::InvalidMember,
            "keyID_base64",
        ),
        (
            register(json!({"keyID_base64": "*"})),
            Reason::InvalidBase64,
            "keyID_base64",
        ),
        (
            register(json!({"keyID_base64": "AAAA"})),
            Reason::InvalidKeyId,
            "keyID_base64",
        ),
        (
            register(json!({"attestationObject_base64": null})),
            Reason::MissingMember,
            "attestationObject_base64",
        ),
        (
            register(json!({"challengeID": null})),
            Reason::MissingMember,
            "challengeID",
        ),
        (
            register(json!({"challengeID": "x"})),
            Reason::InvalidMember,
            "challengeID",
        ),
        (
            register(json!({"clientDataHash_base64": "AAAA"})),
            Reason::ClientDataHashNotAllowed,
            "clientDataHash_base64",
        ),
    ];
    for (body, reason, member) in cases {
        let (status, answer) = house.call(Call::Register, &body);
        assert_eq!(status, 400, "{answer}");
        assert_eq!(answer["status"], "error");
        assert_eq!(answer["reason"], reason.code(), "{answer}");
        assert_eq!(answer["member"], member);
    }
}

#[test]
fn a_caller_may_not_choose_the_hash_of_an_assertion() {
    let house = open();
    let body = json!({
        "keyID_base64": encode_base64(&[1; 32]),
        "flowID": "00000000-0000-4000-8000-000000000000",
        "clientDataHash_base64": "AAAA",
    });
    let (status, answer) = house.call(Call::ClientDataHash, &body);
    assert_eq!(status, 400);
    assert_eq!(answer["reason"], Reason::ClientDataHashNotAllowed.code());
}

#[test]
fn a_body_that_is_not_one_plain_object_is_unreadable() {
    let house = open();
    for body in [
        "",
        "[]",
        "null",
        "{",
        "{} {}",
        "\u{feff}{}",
        r#"{"flowID":1,"flowID":2}"#,
    ] {
        let answer = house.authority.answer(Call::Verify, None, body.as_bytes());
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(answer.reason(), Some(Reason::MalformedJson), "{body}");
    }
}

#[test]
fn a_laboratory_registration_needs_one_of_hash_and_challenge() {
    let house = House::open(ChallengePolicy::ClientSupplied);
    let device = house.device(Form::Classic);
    let mut body = house.challenged(&device, None);
    body["clientDataHash_base64"] = json!("AAAA");
    let (status, answer) = house.call(Call::Register, &body);
    assert_eq!(
        (status, &answer["member"]),
        (400, &json!("clientDataHash_base64"))
    );
    body["clientDataHash_base64"] = Value::Null;
    assert_eq!(house.call(Call::Register, &body).0, 200);
    body["challengeID"] = Value::Null;
    let (status, answer) = house.call(Call::Register, &body);
    assert_eq!((status, &answer["reason"]), (400, &json!("MISSING_MEMBER")));
}

#[test]
fn key_ids_are_taken_in_any_base64_and_told_in_one() {
    let house = open();
    let device = house.device(Form::Classic);
    let mut body = house.challenged(&device, None);
    let standard = encode_base64(&device.key_id());
    let url_safe = standard
        .replace('+', "-")
        .replace('/', "_")
        .replace('=', "");
    body["keyID_base64"] = json!(url_safe);
    let (status, answer) = house.call(Call::Register, &body);
    assert_eq!((status, &answer["keyID_base64"]), (200, &json!(standard)));
}

#[test]
fn at_a_bound_calls_are_told_to_come_back_and_change_nothing() {
    let bounds = Bounds {
        challenges: 2,
        flows: 1,
        ..Bounds::default()
    };
    let house = House::with(ChallengePolicy::Required, acceptance(), bounds);
    house.registered(&house.device(Form::Classic));
    let body = house.challenged(&house.device(Form::Classic), None);
    let (status, answer) = house.call(Call::Register, &body);
    assert_eq!(
        (status, &answer["reason"]),
        (503, &json!("CAPACITY_EXHAUSTED"))
    );
    assert_eq!(house.authority.counts().keys, 1, "the new key was not kept");
    assert_eq!(house.call(Call::Challenge, &json!({})).0, 503);
    // Expired rows make room.
    house.clock.advance(SignedDuration::from_hours(1));
    house.registered(&house.device(Form::Classic));
    assert_eq!(house.authority.options().acceptance.apps[0].as_str(), APP);
}
