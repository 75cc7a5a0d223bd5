//! Forged ledgers: each breach is seen, and an honest run is none.

use std::collections::BTreeMap;

use super::{Breach, Law, judge};
use crate::ledger::{Blow, Call, Found, Heard, Ledger, Replay, Transition, Unanswered};
use crate::protocol::Step;

const MS: u64 = 1000;

fn call(serial: u64, step: Step, attempt: &str, arrived_ms: u64) -> Call {
    Call {
        serial,
        flow: "f".to_owned(),
        step,
        attempt: attempt.to_owned(),
        body: "{}".to_owned(),
        process: "a1".to_owned(),
        arrived: arrived_ms * MS,
        answered: Some((arrived_ms + 5) * MS),
        status: 200,
        answer: format!("{{\"serial\":{serial}, \"x\":1}}"),
        closed: None,
    }
}

fn heard(step: Step, serial: u64, told_ms: u64) -> Heard {
    Heard {
        item: "keyed-1".to_owned(),
        flow: Some("f".to_owned()),
        step: Some(step),
        process: "a1".to_owned(),
        asked: (told_ms - 1) * MS,
        told: told_ms * MS,
        status: 200,
        code: None,
        replayed: false,
        body: format!("{{\"state\":\"s\",\"backend\":{{\"serial\":{serial}, \"x\":1}}}}"),
    }
}

fn transition(version: u64, step: Step, (from, to): (&str, &str), call: &Call) -> Transition {
    Transition {
        version,
        step: Some(step),
        from: from.to_owned(),
        to: to.to_owned(),
        attempt: Some(call.attempt.clone()),
        answer: Some(call.answer.clone()),
    }
}

/// A flow that was started, prepared after a killed process's lease, and finished.
fn honest() -> Ledger {
    let lost = Call {
        answered: None,
        closed: Some(140 * MS),
        ..call(2, Step::Prepare, "p", 120)
    };
    let calls = vec![
        call(1, Step::Start, "s", 100),
        lost,
        Call {
            process: "b1".to_owned(),
            ..call(3, Step::Prepare, "p", 2600)
        },
        call(4, Step::Finish, "e", 2700),
    ];
    let transitions = vec![
        transition(2, Step::Start, ("created", "begun"), &calls[0]),
        transition(4, Step::Prepare, ("begun", "prepared"), &calls[2]),
        transition(6, Step::Finish, ("prepared", "done"), &calls[3]),
    ];
    let finish = heard(Step::Finish, 4, 2710);
    let found = Found {
        item: "keyed-1".to_owned(),
        flow: "f".to_owned(),
        keyed: true,
        state: Some("done".to_owned()),
        is_terminal: true,
        attempts: vec![Unanswered {
            step: Step::Prepare,
            attempt: "p".to_owned(),
            code: "outcome_unknown".to_owned(),
        }],
        answers: BTreeMap::from([
            (Step::Start, calls[0].answer.clone()),
            (Step::Prepare, calls[2].answer.clone()),
            (Step::Finish, calls[3].answer.clone()),
        ]),
        replays: vec![Replay {
            step: Step::Finish,
            status: 200,
            replayed: true,
            body: finish.body.clone(),
        }],
        transitions,
    };
    Ledger {
        calls_before_replays: calls.len(),
        calls,
        heard: vec![
            heard(Step::Start, 1, 110),
            heard(Step::Prepare, 3, 2610),
            finish,
        ],
        kills: vec![Blow {
            process: "a1".to_owned(),
            from: 130 * MS,
            until: None,
        }],
        found: vec![found],
        ..Ledger::default()
    }
}

fn laws(ledger: &Ledger) -> Vec<Law> {
    let mut laws: Vec<Law> = judge(ledger)
        .iter()
        .map(|breach: &Breach| breach.law)
        .collect();
    laws.sort();
    laws.dedup();
    laws
}

/// What is seen after the honest ledger was changed so.
fn seen(forge: impl FnOnce(&mut Ledger)) -> Vec<Law> {
    let mut ledger = honest();
    // A process that was killed is not the one that went on.
    ledger.calls[3].process = "b1".to_owned();
    forge(&mut ledger);
    laws(&ledger)
}

#[test]
fn an_honest_run_breaks_no_law() {
    assert_eq!(seen(|_| {}), []);
}

#[test]
fn an_acknowledged_transition_that_is_lost_is_seen() {
    let gone = seen(|ledger| ledger.found[0].state = None);
    assert!(gone.contains(&Law::AcknowledgedIsKept), "{gone:?}");
    let without = seen(|ledger| {
        ledger.found[0].transitions.pop();
        ledger.found[0].answers.remove(&Step::Finish);
        ledger.found[0].state = Some("prepared".to_owned());
    });
    assert_eq!(without, [Law::AcknowledgedIsKept]);
    let never_found = seen(|ledger| ledger.found.clear());
    assert_eq!(never_found, [Law::AcknowledgedIsKept]);
    let unknown = seen(|ledger| {
        ledger.heard[2].status = 404;
        ledger.heard[2].code = Some("not_found".to_owned());
    });
    assert_eq!(unknown, [Law::AcknowledgedIsKept]);
}

#[test]
fn a_single_byte_that_differs_is_seen() {
    let told = seen(|ledger| {
        ledger.heard[2].body = ledger.heard[2].body.replace(", ", ",");
        ledger.found[0].replays.clear();
    });
    assert_eq!(told, [Law::AcknowledgedIsKept]);
    let replay = seen(|ledger| ledger.found[0].replays[0].body.push(' '));
    assert_eq!(replay, [Law::AcknowledgedIsKept]);
    let recorded = seen(|ledger| {
        let answer = ledger.found[0].answers.get_mut(&Step::Finish).unwrap();
        answer.push(' ');
    });
    assert_eq!(recorded, [Law::AcknowledgedIsKept, Law::OneVerdict]);
}

#[test]
fn a_state_that_runs_back_is_seen() {
    let back = seen(|ledger| {
        let mut status = heard(Step::Finish, 4, 2800);
        status.step = None;
        status.body = "{\"state\":\"begun\"}".to_owned();
        ledger.heard.push(status);
    });
    assert_eq!(back, [Law::AcknowledgedIsKept]);
}

#[test]
fn two_verdicts_are_seen() {
    let told = seen(|ledger| {
        let late = Call {
            process: "c1".to_owned(),
            ..call(5, Step::Finish, "e", 9000)
        };
        ledger.calls.push(late);
        ledger.calls_before_replays += 1;
        ledger.heard.push(heard(Step::Finish, 5, 9010));
    });
    assert_eq!(told, [Law::OneVerdict]);
    let recorded = seen(|ledger| {
        let again = transition(8, Step::Finish, ("done", "done"), &ledger.calls[3].clone());
        ledger.found[0].transitions.push(again);
    });
    assert_eq!(recorded, [Law::OneVerdict]);
    let turned = seen(|ledger| ledger.found[0].state = Some("refused".to_owned()));
    assert_eq!(turned, [Law::OneVerdict]);
    let one_key = seen(|ledger| {
        let mut other = heard(Step::Start, 1, 111);
        other.flow = Some("g".to_owned());
        ledger.heard.push(other);
    });
    assert!(one_key.contains(&Law::OneVerdict), "{one_key:?}");
}

#[test]
fn two_calls_under_one_claim_are_seen() {
    let at_once = seen(|ledger| {
        let mut twin = call(5, Step::Finish, "e", 2702);
        twin.answered = None;
        ledger.calls.push(twin);
        ledger.calls_before_replays += 1;
    });
    assert_eq!(at_once, [Law::OneCallUnderAClaim]);
    let before_lease = seen(|ledger| ledger.calls[2].arrived = 1500 * MS);
    assert_eq!(before_lease, [Law::OneCallUnderAClaim]);
    let answered_before = seen(|ledger| {
        let mut again = call(5, Step::Finish, "e", 2720);
        again.process = "c1".to_owned();
        ledger.calls.push(again);
        ledger.calls_before_replays += 1;
    });
    assert_eq!(answered_before, [Law::OneCallUnderAClaim]);
    let for_replays = seen(|ledger| ledger.calls_before_replays -= 1);
    assert_eq!(for_replays, [Law::OneCallUnderAClaim]);
}

#[test]
fn a_call_that_was_let_go_may_be_made_again_at_once() {
    let let_go = seen(|ledger| {
        ledger.kills.clear();
        ledger.calls[2].arrived = 200 * MS;
        ledger.calls[2].answered = Some(210 * MS);
    });
    assert_eq!(let_go, []);
}

#[test]
fn a_process_that_was_stopped_may_send_late_and_no_other() {
    let late = |process: &str| {
        seen(|ledger| {
            ledger.stops.push(Blow {
                process: process.to_owned(),
                from: 100 * MS,
                until: Some(2690 * MS),
            });
            let mut late = call(5, Step::Finish, "e", 2703);
            late.process = "c1".to_owned();
            late.answered = None;
            ledger.calls.push(late);
            ledger.calls_before_replays += 1;
        })
    };
    assert_eq!(late("c1"), [] as [Law; 0]);
    assert_eq!(late("b1"), [] as [Law; 0]);
    assert_eq!(late("d1"), [Law::OneCallUnderAClaim]);
}

#[test]
fn wrong_attempt_ids_are_seen() {
    let changed = seen(|ledger| {
        ledger.calls[1].attempt = "q".to_owned();
    });
    assert_eq!(changed, [Law::AttemptIds]);
    let shared = seen(|ledger| ledger.calls[1].body = "{\"other\":1}".to_owned());
    assert_eq!(shared, [Law::AttemptIds]);
}

#[test]
fn a_held_step_that_is_called_again_is_seen() {
    let held = |status| {
        seen(|ledger| {
            let mut first = call(5, Step::Pay, "y", 2650);
            first.status = status;
            first.process = "c1".to_owned();
            let mut second = call(6, Step::Pay, "y", 6000);
            second.process = "c1".to_owned();
            ledger.calls.extend([first, second]);
            ledger.calls_before_replays += 2;
        })
    };
    assert_eq!(held(503), []);
    assert_eq!(held(200), [Law::HeldIsHeld]);
}

#[test]
fn flows_without_an_end_and_replies_without_a_sense_are_seen() {
    let unfinished = seen(|ledger| ledger.unfinished.push("keyed-2".to_owned()));
    assert_eq!(unfinished, [Law::DrivenToItsEnd]);
    let internal = seen(|ledger| {
        let mut reply = heard(Step::Finish, 4, 2720);
        reply.status = 500;
        reply.code = Some("internal".to_owned());
        ledger.heard.push(reply);
    });
    assert_eq!(internal, [Law::ExpectedReplies]);
}
