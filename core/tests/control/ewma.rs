//! The smoothed latency.

use integrator_core::control::ewma::Ewma;
use proptest::prelude::*;

fn after(alpha: f64, samples: &[f64]) -> Option<f64> {
    let mut ewma = Ewma::new(alpha);
    for sample in samples {
        ewma.sample(*sample);
    }
    ewma.value()
}

proptest! {
    #[test]
    fn the_average_lies_between_the_least_and_the_greatest_sample(
        alpha in 0.0001..=1.0_f64,
        samples in prop::collection::vec(0.0..600_000.0_f64, 1..100),
    ) {
        let average = after(alpha, &samples).expect("there were samples");

        let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
        let most = samples.iter().copied().fold(0.0, f64::max);
        let rounding = most * 1e-12;
        prop_assert!(average >= least - rounding && average <= most + rounding);
    }

    #[test]
    fn a_sample_weighs_alpha_and_each_later_one_takes_that_share_of_it_away(
        alpha in 0.0001..=1.0_f64,
        samples in prop::collection::vec(0.0..1000.0_f64, 2..50),
    ) {
        let average = after(alpha, &samples).expect("there were samples");

        let (mut weight, mut weighted) = (alpha, 0.0);
        for sample in samples[1..].iter().rev() {
            weighted += weight * sample;
            weight *= 1.0 - alpha;
        }
        // What the later ones leave is the first one's.
        weighted += weight / alpha * samples[0];
        prop_assert!((average - weighted).abs() < 1e-9 * (1.0 + weighted));
    }
}

#[test]
fn the_first_sample_is_the_average() {
    assert_eq!(after(0.2, &[300.0]), Some(300.0));
}

#[test]
fn without_samples_there_is_no_average() {
    assert_eq!(after(0.2, &[]), None);
}

#[test]
fn what_was_forgotten_weighs_nothing() {
    let mut ewma = Ewma::new(0.2);
    ewma.sample(3000.0);

    ewma.forget();
    ewma.sample(20.0);

    assert_eq!(ewma.value(), Some(20.0));
}
