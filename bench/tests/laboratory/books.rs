//! Nothing gets lost and nothing comes from nowhere; the same seed is the same run.

use integrator_bench::laboratory::candidate::Candidate;
use integrator_bench::laboratory::record::Record;
use integrator_bench::laboratory::scenario::Scenario;

use crate::{played, scenario};

/// A storm of a tenth of the size, with an outage in it: everything that can end a call occurs.
fn small(trouble: &str) -> Scenario {
    Scenario {
        capacity: 10.0,
        ..scenario(trouble)
    }
}

fn of_every_limiter(scenario: &Scenario) -> impl Iterator<Item = (Candidate, Record)> {
    let candidates = Candidate::ALL.into_iter();
    candidates.map(move |candidate| (candidate, played(scenario, candidate, 1)))
}

#[test]
fn each_call_is_answered_or_reset_or_timed_out_or_in_flight() {
    for name in ["outage-storm", "outage-refuses", "storm-impatient"] {
        for (candidate, record) in of_every_limiter(&small(name)) {
            let counts = record.counts;

            let ended = counts.answered + counts.reset + counts.timed_out;

            assert_eq!(
                counts.calls,
                ended + counts.in_flight,
                "{name} {candidate:?}"
            );
        }
    }
}

#[test]
fn each_request_is_a_call_or_refused_or_needs_none() {
    for name in ["outage-storm", "outage-refuses", "storm-impatient"] {
        for (candidate, record) in of_every_limiter(&small(name)) {
            let counts = record.counts;

            let told = counts.calls + counts.refused + counts.without_call;

            assert_eq!(counts.tries, told, "{name} {candidate:?}");
        }
    }
}

#[test]
fn slices_add_up_to_the_whole_run() {
    for (candidate, record) in of_every_limiter(&small("outage-storm")) {
        let finished = record.begun.iter().filter(|flow| flow.finished.is_some());

        let by_slice: u64 = record.slices.iter().map(|slice| slice.finished).sum();

        let late = record.open.finished;
        assert_eq!(finished.count() as u64, by_slice + late, "{candidate:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let scenario = small("outage-storm");
    for candidate in Candidate::ALL {
        let once = played(&scenario, candidate, 7);

        let again = played(&scenario, candidate, 7);

        assert!(once == again, "{candidate:?}");
    }
}

#[test]
fn another_seed_is_another_run() {
    let scenario = small("storm");

    let [one, other] = [1, 2].map(|seed| played(&scenario, Candidate::Law, seed));

    assert!(one != other);
}

#[test]
fn the_same_users_come_whichever_limiter_they_meet() {
    let scenario = small("storm");
    let arrivals = |candidate| -> Vec<u64> {
        let record = played(&scenario, candidate, 3);
        record.slices.iter().map(|slice| slice.arrived).collect()
    };

    let met = Candidate::ALL.map(arrivals);

    assert!(met.windows(2).all(|pair| pair[0] == pair[1]));
}
