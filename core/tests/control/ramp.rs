//! The ceiling over wall time.

use integrator_core::control::ramp::Ramp;
use proptest::prelude::*;

fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let steps = prop::collection::vec((1..1_000_000_u32, 0.01..1000.0_f64), 1..10);
    steps.prop_map(|steps| {
        let mut moment = 1.7e9;
        let point = |(later, tps): (u32, f64)| {
            moment += f64::from(later);
            (moment, tps)
        };
        steps.into_iter().map(point).collect()
    })
}

proptest! {
    #[test]
    fn the_ceiling_passes_through_every_point(points in points()) {
        let ramp = Ramp::new(points.clone());

        for (moment, tps) in points {
            prop_assert_eq!(ramp.ceiling_tps(moment), Some(tps));
        }
    }

    #[test]
    fn between_two_points_the_ceiling_lies_on_their_line(
        points in points(), share in 0.0..1.0_f64,
    ) {
        let ramp = Ramp::new(points.clone());

        for pair in points.windows(2) {
            let ((start, from), (end, to)) = (pair[0], pair[1]);
            let ceiling = ramp.ceiling_tps(start + share * (end - start));
            let line = from + share * (to - from);
            // Seconds of today leave a tenth of a microsecond of rounding in the share.
            let near = ceiling.is_some_and(|tps| (tps - line).abs() < 1e-3);
            prop_assert!(near, "{ceiling:?} instead of {line}");
        }
    }

    #[test]
    fn outside_the_points_the_ceiling_is_that_of_the_nearest(
        points in points(), far in 0.0..1e9_f64,
    ) {
        let ramp = Ramp::new(points.clone());
        let (first, last) = (points[0], points[points.len() - 1]);

        prop_assert_eq!(ramp.ceiling_tps(first.0 - far), Some(first.1));
        prop_assert_eq!(ramp.ceiling_tps(last.0 + far), Some(last.1));
    }
}

#[test]
fn a_ramp_without_points_is_no_ceiling() {
    assert_eq!(Ramp::new(Vec::new()).ceiling_tps(1.7e9), None);
}
