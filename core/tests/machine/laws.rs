//! Laws that hold over every sequence of requests, answers, failures, expiries and time.

use std::collections::HashSet;
use std::time::Duration;

use integrator_core::flow::history::{
    ATTEMPTS_LISTED, Ending, SELF_LOOPS_LISTED, Sent, Transition,
};
use integrator_core::flow::machine::Begin;
use proptest::prelude::*;

use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Request(&'static str, u8),
    Answer(prop::sample::Index, u16, &'static str),
    Fail(prop::sample::Index, Ending),
    Expire,
    Pass(u64),
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop::sample::select(vec!["start", "poll", "capture", "note"]);
    let status = prop::sample::select(vec![200_u16, 200, 200, 204, 404, 500]);
    let body = prop::sample::select(vec![
        "{}",
        r#"{"pending":true}"#,
        r#"{"pending":false}"#,
        r#"{"ok":true}"#,
        r#"{"ok":false}"#,
        r#"{"ok":"again"}"#,
        "not json",
    ]);
    let ending = prop::sample::select(vec![
        Ending::Unavailable(Sent::NotSent),
        Ending::Unavailable(Sent::Unknown),
        Ending::TimedOut(Sent::Unknown),
        Ending::Interrupted,
    ]);
    let event = prop_oneof![
        5 => (step, 0..3_u8).prop_map(|(step, body)| Event::Request(step, body)),
        6 => (any::<prop::sample::Index>(), status, body)
            .prop_map(|(call, status, body)| Event::Answer(call, status, body)),
        2 => (any::<prop::sample::Index>(), ending).prop_map(|(call, ending)| Event::Fail(call, ending)),
        1 => Just(Event::Expire),
        2 => (1..2500_u64).prop_map(Event::Pass),
    ];
    prop::collection::vec(event, 1..80)
}

/// Does what the event says; tells whether the machine changed the flow.
pub(crate) fn play(world: &mut World, event: &Event) -> bool {
    let before = world.flow.version();
    match event {
        Event::Request(step, body) => {
            let judged = world.request(step, *body);
            assert_eq!(
                matches!(judged, Begin::Call(_)),
                world.flow.version() > before
            );
        }
        Event::Answer(call, status, body) => {
            let call = call.index(world.calls.len());
            let changed = world.answer(call, *status, body).is_ok();
            assert_eq!(changed, world.flow.version() > before);
        }
        Event::Fail(call, ending) => {
            let call = call.index(world.calls.len());
            let changed = world.fail(call, *ending).is_ok();
            assert_eq!(changed, world.flow.version() > before);
        }
        Event::Expire => assert_eq!(world.expire(), world.flow.version() > before),
        Event::Pass(milliseconds) => world.pass(Duration::from_millis(*milliseconds)),
    }
    world.flow.version() > before
}

proptest! {
    #[test]
    fn every_change_counts_one_version_and_a_closed_flow_never_changes(events in events()) {
        let mut world = World::starting();
        for event in &events {
            let before = world.flow.clone();
            let changed = play(&mut world, event);
            prop_assert_eq!(world.flow.version(), before.version() + u64::from(changed));
            prop_assert!(!(changed && before.is_closed()), "{:?}", event);
        }
    }

    #[test]
    fn no_answer_is_recorded_but_under_the_claim_that_is_held_and_before_the_deadline(events in events()) {
        let mut world = World::starting();
        for event in &events {
            let held = world.flow.claim().map(|claim| claim.id);
            let overdue = world.flow.is_overdue(&world.now);
            let told = world.told.len();
            play(&mut world, event);
            if let Event::Answer(call, ..) = event && world.told.len() > told {
                let call = &world.calls[call.index(world.calls.len())];
                prop_assert_eq!(Some(call.claim), held);
                prop_assert!(!overdue);
            }
        }
    }

    #[test]
    fn a_claim_is_granted_only_where_no_other_is_alive(events in events()) {
        let mut world = World::starting();
        for event in &events {
            let alive = world.flow.claim().filter(|claim| claim.lease_until > world.now.tick).cloned();
            let calls = world.calls.len();
            play(&mut world, event);
            prop_assert!(world.calls.len() == calls || alive.is_none());
        }
    }

    #[test]
    fn no_claim_makes_two_calls_and_no_claim_is_settled_twice(events in events()) {
        let mut world = World::starting();
        for event in &events {
            play(&mut world, event);
        }
        let claims: HashSet<_> = world.calls.iter().map(|call| call.claim).collect();
        prop_assert_eq!(claims.len(), world.calls.len());
        let settled: Vec<_> =
            world.told.iter().filter_map(|transition| transition.cause.as_ref()).map(|cause| cause.attempt.clone()).collect();
        let distinct: HashSet<_> = settled.iter().map(|attempt| attempt.as_str().to_owned()).collect();
        prop_assert_eq!(distinct.len(), settled.len());
    }

    #[test]
    fn the_history_is_the_path_that_was_told_and_stays_bounded(events in events()) {
        let mut world = World::starting();
        for event in &events {
            play(&mut world, event);
        }
        let history = world.flow.history();
        let is_loop = |transition: &&Transition| transition.from == transition.to;
        prop_assert!(history.transitions().iter().filter(is_loop).count() <= SELF_LOOPS_LISTED);
        prop_assert!(history.attempts().len() <= ATTEMPTS_LISTED);
        let moves = |list: &[Transition]| -> Vec<Transition> {
            list.iter().filter(|transition| !is_loop(transition)).cloned().collect()
        };
        prop_assert_eq!(moves(history.transitions()), moves(&world.told));
        let listed = history.transitions().len() as u64 + history.self_loops_omitted();
        prop_assert_eq!(listed, world.told.len() as u64);
        for pair in world.told.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert!(pair[0].version < pair[1].version);
        }
    }

    #[test]
    fn a_held_step_is_never_called_again_after_a_call_with_an_unknown_outcome(events in events()) {
        let mut world = World::starting();
        let mut held = false;
        for event in &events {
            let claim = world.flow.claim().cloned();
            let capture = world.protocol.step("capture").unwrap().id();
            let was_capture = claim.as_ref().is_some_and(|claim| claim.step == capture);
            let lapsed = claim.is_some_and(|claim| claim.lease_until <= world.now.tick);
            let calls = world.calls.len();
            let changed = play(&mut world, event);
            let called = world.calls.len() > calls && world.calls[calls].step == capture;
            prop_assert!(!(held && called));
            let failed = matches!(event, Event::Fail(_, ending) if ending.leaves_outcome_unknown());
            held |= was_capture && changed && (failed || (lapsed && world.calls.len() > calls));
        }
    }
}
