//! What happens at the very instant of a deadline or a lease, and what is carried over a failure.

use std::time::Duration;

use integrator_core::flow::history::{Ending, Sent};
use integrator_core::flow::machine::{Begin, Stale};
use integrator_core::flow::refusal::Why;
use integrator_core::flow::time::Tick;

use crate::world::{LEASE, World, refusal};

const TTL: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(1);
const LOST: Ending = Ending::TimedOut(Sent::Unknown);

#[test]
fn a_flow_lives_until_the_instant_of_its_deadline_and_no_longer() {
    let mut world = World::begun();
    world.pass(TTL - MOMENT);
    assert_eq!(world.state(), "begun");
    world.pass(MOMENT);
    assert_eq!(world.state(), "expired");
    assert_eq!(refusal(world.request("poll", 1)).why, Why::Expired);
}

#[test]
fn an_answer_at_the_instant_of_the_deadline_is_stale() {
    let mut world = World::begun();
    world.pass(TTL - MOMENT);
    assert!(matches!(world.request("poll", 1), Begin::Call(_)));
    world.pass(MOMENT);
    assert_eq!(world.answer(1, 200, r#"{"pending":true}"#), Err(Stale));
}

#[test]
fn a_claim_holds_until_the_instant_of_its_lease_and_no_longer() {
    let mut world = World::begun();
    assert!(matches!(world.request("poll", 1), Begin::Call(_)));
    world.pass(LEASE - MOMENT);
    assert_eq!(refusal(world.request("poll", 2)).why, Why::InProgress);
    world.pass(MOMENT);
    assert!(matches!(world.request("poll", 2), Begin::Call(_)));
}

#[test]
fn an_answer_after_the_lease_is_taken_as_long_as_nobody_claimed_the_flow_since() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.pass(LEASE + MOMENT);
    assert_eq!(world.answer(1, 200, r#"{"pending":false}"#), Ok(()));
    assert_eq!(world.state(), "ready");
}

#[test]
fn a_claim_that_was_taken_over_fences_the_earlier_answer() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.pass(LEASE);
    world.request("poll", 1);
    assert_eq!(world.answer(1, 200, r#"{"pending":false}"#), Err(Stale));
    assert_eq!(world.answer(2, 200, r#"{"pending":true}"#), Ok(()));
    assert_eq!(world.calls[1].attempt, world.calls[2].attempt);
}

#[test]
fn the_same_request_carries_its_attempt_id_until_an_answer_is_recorded() {
    let mut world = World::begun();
    world.request("note", 1);
    world.fail(1, LOST).unwrap();
    world.request("note", 1);
    assert_eq!(world.calls[1].attempt, world.calls[2].attempt);
    world.answer(2, 500, "{}").unwrap();
    world.request("note", 1);
    assert_eq!(world.calls[1].attempt, world.calls[3].attempt);
    world.answer(3, 200, "{}").unwrap();
    world.request("note", 2);
    assert_ne!(world.calls[1].attempt, world.calls[4].attempt);
}

#[test]
fn another_body_gets_another_attempt_id_and_only_the_latest_is_remembered() {
    let mut world = World::begun();
    world.request("note", 1);
    world.fail(1, LOST).unwrap();
    world.request("note", 2);
    world.fail(2, LOST).unwrap();
    world.request("note", 1);
    assert_ne!(world.calls[1].attempt, world.calls[2].attempt);
    assert_ne!(world.calls[1].attempt, world.calls[3].attempt);
}

#[test]
fn a_held_step_stays_held_while_other_steps_go_on() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.answer(1, 200, r#"{"pending":false}"#).unwrap();
    world.request("capture", 1);
    world.fail(2, LOST).unwrap();
    assert_eq!(
        refusal(world.request("capture", 1)).why,
        Why::OutcomeUnknown
    );
    world.request("note", 1);
    world.answer(3, 200, "{}").unwrap();
    world.request("poll", 2);
    world.answer(4, 200, r#"{"pending":false}"#).unwrap();
    assert_eq!(
        refusal(world.request("capture", 2)).why,
        Why::OutcomeUnknown
    );
}

#[test]
fn a_call_that_was_never_sent_or_was_declined_holds_nothing() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.answer(1, 200, r#"{"pending":false}"#).unwrap();
    world.request("capture", 1);
    world.fail(2, Ending::Unavailable(Sent::NotSent)).unwrap();
    world.request("capture", 1);
    world.answer(3, 503, "").unwrap();
    assert!(matches!(world.request("capture", 1), Begin::Call(_)));
}

#[test]
fn a_lapsed_claim_of_a_held_step_holds_it() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.answer(1, 200, r#"{"pending":false}"#).unwrap();
    world.request("capture", 1);
    world.pass(LEASE);
    assert_eq!(
        refusal(world.request("capture", 1)).why,
        Why::OutcomeUnknown
    );
}

#[test]
fn an_expired_flow_is_due_for_removal_a_retention_after_its_deadline() {
    let mut world = World::begun();
    assert_eq!(world.flow.due(&world.protocol), Tick(10_000));
    world.pass(Duration::from_secs(4));
    assert!(world.expire());
    assert_eq!(world.flow.due(&world.protocol), Tick(15_000));
}

#[test]
fn an_ended_flow_is_due_for_removal_a_retention_after_its_last_write() {
    let mut world = World::begun();
    world.request("poll", 1);
    world.answer(1, 200, r#"{"pending":false}"#).unwrap();
    world.request("capture", 1);
    world.pass(Duration::from_secs(2));
    world.answer(2, 200, r#"{"ok":true}"#).unwrap();
    assert_eq!(world.flow.due(&world.protocol), Tick(7_000));
}

#[test]
fn closing_a_flow_fences_the_call_that_is_under_way_and_lists_its_attempt() {
    let mut world = World::begun();
    world.request("note", 1);
    assert!(world.expire());
    assert_eq!(world.answer(1, 200, "{}"), Err(Stale));
    let endings: Vec<Ending> = world
        .flow
        .history()
        .attempts()
        .map(|attempt| attempt.ending)
        .collect();
    assert_eq!(endings, [Ending::Overtaken]);
}
