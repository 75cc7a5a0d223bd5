//! Without control, the plant that collapses stays collapsed; the storm is worth preventing.

use integrator_bench::laboratory::candidate::Candidate;
use integrator_bench::laboratory::figures::Figures;
use integrator_bench::laboratory::scenario::Scenario;

use crate::{figures, played, scenario};

#[test]
fn half_the_capacity_needs_no_control() {
    let calm = Scenario {
        load: vec![(60, 0.5)],
        watched: (10, 60),
        ..scenario("storm")
    };
    let record = played(&calm, Candidate::None, 1);

    let figures = Figures::of(&calm, 200.0, &record);

    assert!(
        figures.goodput > 0.45 && figures.p99_ms < 200.0,
        "{figures:?}"
    );
    assert!(figures.finishing > 0.999, "{figures:?}");
}

/// Retries alone keep the backend down when the storm is over.
#[test]
fn a_storm_without_control_leaves_next_to_nothing_then_and_afterwards() {
    let figures = figures("storm", Candidate::None, 1);

    assert!(figures.goodput < 0.1, "{figures:?}");
    assert!(figures.afterwards < 0.1, "{figures:?}");
}

#[test]
fn a_fixed_rate_does_not_survive_that_its_backend_slows() {
    let figures = figures("disturbance", Candidate::Static, 1);

    assert!(figures.goodput < 0.1, "{figures:?}");
}
