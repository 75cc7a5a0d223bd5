//! A ceiling by the calendar.

use integrator_core::control::ramp::Ramp;

use super::{Options, Service, between, gated};
use crate::harness::service::STARTED;

/// From half a start a second to ten in the hour that begins when the service does.
async fn within_an_hour() -> Service {
    let begin: jiff::Timestamp = STARTED.parse().expect("a time");
    let second = begin.as_second() as f64;
    let options = Options {
        ramp: Some(Ramp::new(vec![(second, 0.5), (second + 3600.0, 10.0)])),
        ..between(0.5, 100.0)
    };
    gated(options).await
}

#[tokio::test]
async fn starts_pass_no_faster_than_the_ceiling_of_the_day() {
    let service = within_an_hour().await;
    service.start_flow().await.is_answer();

    let reply = service.start_flow().await;

    reply.is_problem(429, "admission_limited");
    assert_eq!(reply.member("/admission/rate_tps"), Some(0.5.into()));
    assert_eq!(reply.member("/admission/retry_after_ms"), Some(2000.into()));
}

#[tokio::test]
async fn the_ceiling_goes_with_the_wall_clock() {
    let service = within_an_hour().await;
    let mut ceilings = vec![service.gate().law.rate_max_tps];

    for wall in ["12:30:00", "13:00:00", "18:00:00", "09:00:00"] {
        let wall = format!("2026-01-17T{wall}Z").parse().expect("a time");
        service.clock.set_wall(wall);
        ceilings.push(service.gate().law.rate_max_tps);
    }

    assert_eq!(ceilings, [0.5, 5.25, 10.0, 10.0, 0.5]);
}

#[tokio::test]
async fn a_ramp_never_exceeds_the_highest_rate() {
    let options = Options {
        ramp: Some(Ramp::new(vec![(0.0, 1000.0)])),
        ..between(0.5, 2.0)
    };
    let service = gated(options).await;

    assert_eq!(service.gate().law.rate_max_tps, 2.0);
}
