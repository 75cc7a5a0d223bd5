//! The law beside its reference, step by step.

use integrator_core::control::law::Options;
use proptest::prelude::*;

use crate::reference::Reference;
use crate::world::{Play, World, pauses, plays, usual_options};

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-6 * (1.0 + left.abs().max(right.abs()))
}

fn assert_alike(options: Options, play: &Play) -> Result<(), TestCaseError> {
    let (mut world, mut reference) = (World::new(options), Reference::new(options));
    for (pause, event) in play {
        world.happen(*pause, event);
        reference.happen(*pause, event);

        let readings = world.read();
        let ewma = (
            readings.ewma_ms.unwrap_or(-1.0),
            reference.ewma.unwrap_or(-1.0),
        );
        prop_assert!(near(ewma.0, ewma.1), "{ewma:?}");
        let rate = (readings.rate_tps, reference.rate);
        prop_assert!(near(rate.0, rate.1), "{rate:?} {readings:?}");
        let integral = (readings.i_tps, reference.integral);
        prop_assert!(near(integral.0, integral.1), "{integral:?} {readings:?}");
        let tokens = (readings.tokens, reference.tokens.max(0.0));
        prop_assert!(near(tokens.0, tokens.1), "{tokens:?} {readings:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_law_is_the_formulas_run_in_time(
        options in usual_options(), play in plays(pauses(), 0.0..1000.0_f64),
    ) {
        assert_alike(options, &play)?;
    }
}
