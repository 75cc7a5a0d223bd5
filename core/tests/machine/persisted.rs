//! What outlives a process: a flow's record, read back, is the flow.

use bytes::Bytes;
use integrator_core::flow::answer::{ExpiresAt, Placing, RecordedAnswer, Told, WholeAnswer};
use integrator_core::flow::ids::AttemptId;
use integrator_core::flow::persisted::{
    PersistedAnswer, PersistedFlow, persist_answer, persist_flow, restore_answer, restore_flow,
};
use proptest::prelude::*;

use crate::laws::{events, play};
use crate::world::World;

proptest! {
    #[test]
    fn a_flow_read_back_from_its_record_is_the_flow_that_was_written(events in events()) {
        let mut world = World::starting();
        for event in &events {
            play(&mut world, event);
            let record = persist_flow(&world.flow, &world.protocol);
            let text = serde_json::to_string(&record).unwrap();
            let read: PersistedFlow = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(restore_flow(read, &world.protocol).unwrap(), world.flow.clone());
        }
    }

    #[test]
    fn an_answer_read_back_from_its_record_is_the_answer_that_was_written(
        content_type in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        status in 200_u16..600,
        reason in proptest::option::of("\\PC{0,20}"),
    ) {
        let world = World::begun();
        let answer = RecordedAnswer {
            step: world.protocol.start().id(),
            attempt: AttemptId::new("attempt-1"),
            answer: WholeAnswer {
                status,
                content_type: content_type.map(Bytes::from),
                body: body.into(),
            },
            placing: reason.map_or(Placing::Placed, |reason| Placing::Unclassified { reason }),
            told: Told {
                state: world.flow.state(),
                flow_id: Some(Bytes::from_static(br#""\ud800""#)),
                expires_at: ExpiresAt::Authored(Bytes::from_static(br#""2026-01-17T12:05:00+01:00""#)),
                members: vec![("name".to_owned(), Bytes::from_static(b"[1e400]"))],
            },
        };
        let record = persist_answer(&answer, &world.protocol);
        let text = serde_json::to_string(&record).unwrap();
        let read: PersistedAnswer = serde_json::from_str(&text).unwrap();
        let restored = restore_answer(read, answer.answer.body.clone(), &world.protocol);
        prop_assert_eq!(restored.unwrap(), answer);
    }
}

fn refused(change: impl FnOnce(&mut PersistedFlow)) -> String {
    let world = World::begun();
    let mut record = persist_flow(&world.flow, &world.protocol);
    change(&mut record);
    let refused = restore_flow(record, &world.protocol).unwrap_err();
    refused.to_string()
}

#[test]
fn a_record_that_names_an_unknown_state_is_refused_by_that_name() {
    assert_eq!(
        refused(|record| record.state = "nowhere".to_owned()),
        "member 'state' holds 'nowhere', which is no state of the definition"
    );
}

#[test]
fn a_record_that_names_an_unknown_step_is_refused_by_that_name() {
    assert_eq!(
        refused(|record| record.held = vec!["jump".to_owned()]),
        "member 'held' holds 'jump', which is no step of the definition"
    );
}

#[test]
fn an_open_record_in_a_terminal_state_is_refused() {
    let refused = refused(|record| record.state = "done".to_owned());
    assert!(
        refused.contains("does not go with the lifecycle"),
        "{refused}"
    );
}

#[test]
fn a_record_with_a_damaged_fingerprint_is_refused() {
    let refused = refused(|record| record.keyed = Some("00".repeat(31) + "0x"));
    assert!(refused.contains("is no SHA-256 digest"), "{refused}");
}
