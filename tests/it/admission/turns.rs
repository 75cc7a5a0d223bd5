//! Changes of regime are told one after the other.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appattest_integrator::admission::{Class, Gate, Gates, Turn};
use appattest_integrator::clock::{Clock, ManualClock};
use integrator_core::control::law::{End, Regime};
use jiff::Timestamp;

use super::between;

/// Control periods enough for a gate to go from one end to the other.
const LONG: Duration = Duration::from_secs(30);

/// Makes a call that takes so long.
fn call(gate: &Arc<Gate>, clock: &ManualClock, took: Duration) {
    let permit = gate.admit(Class::NewFlow, |_, _| {});
    let under_way = permit.expect("a token").leave();
    clock.advance(took);
    under_way.ended(End::Answered, |_, _| {});
}

/// A thread that sees the gate open again, tells of it, and says so.
fn opens(gate: &Arc<Gate>, clock: &Arc<ManualClock>, told: &Told, done: Sender<()>) {
    let (gate, clock, told) = (gate.clone(), clock.clone(), told.clone());
    std::thread::spawn(move || {
        clock.advance(LONG);
        call(&gate, &clock, Duration::ZERO);
        clock.advance(LONG);
        gate.look(|_, turn| tell(&told, turn));
        // Where the test has gone on without it, nobody listens.
        let _nobody_listens = done.send(());
    });
}

type Told = Arc<Mutex<Vec<(Regime, Regime)>>>;

fn tell(told: &Told, turn: Turn) {
    let mut told = told.lock().expect("unpoisoned");
    told.push((turn.from, turn.to));
}

#[test]
fn a_change_that_another_thread_sees_meanwhile_is_told_after_the_earlier_one() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let as_clock: Arc<dyn Clock> = clock.clone();
    let mut options = between(1.0, 10.0);
    options.law.ewma_alpha = 1.0;
    let gates = Gates::new(&options, ["default"], &as_clock);
    let gate = gates.of("default").expect("it is there").clone();
    let told = Told::default();
    let (done, is_done) = mpsc::channel();
    let permit = gate.admit(Class::NewFlow, |_, _| {});
    let slow = permit.expect("a token").leave();
    clock.advance(Duration::from_secs(2));

    slow.ended(End::Answered, |_, turn| {
        opens(&gate, &clock, &told, done);
        // Time for the other to be first, if it could.
        let _cannot_be_done = is_done.recv_timeout(Duration::from_millis(100));
        tell(&told, turn);
    });
    is_done.recv().expect("the other thread ends");

    let told = told.lock().expect("unpoisoned");
    let expected = [
        (Regime::Open, Regime::Closed),
        (Regime::Closed, Regime::Open),
    ];
    assert_eq!(*told, expected);
}
