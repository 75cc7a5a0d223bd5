//! The token bucket: what it may let through, and when it says that the next one may come.

use std::time::Duration;

use integrator_core::control::bucket::{Bucket, TOLERANCE_TOKENS};
use proptest::prelude::*;

/// What rounding may add up to over one sequence.
const ROUNDING_TOKENS: f64 = 1e-6;

#[derive(Clone, Debug)]
enum Event {
    Take,
    GiveBack,
    Change(f64, f64),
}

/// A rate of the range that configuration allows, each order of magnitude as likely.
fn rate() -> impl Strategy<Value = f64> {
    (-2.0..6.0_f64).prop_map(|exponent| 10_f64.powf(exponent))
}

fn burst() -> impl Strategy<Value = f64> {
    (0.0..6.0_f64).prop_map(|exponent| 10_f64.powf(exponent))
}

fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => (0..2_000_000_u64).prop_map(Duration::from_nanos),
        2 => (0..5_000_000_u64).prop_map(Duration::from_micros),
        1 => (0..1_000_000_u64).prop_map(Duration::from_secs),
    ]
}

fn events() -> impl Strategy<Value = Vec<(Duration, Event)>> {
    let event = prop_oneof![
        8 => Just(Event::Take),
        1 => Just(Event::GiveBack),
        1 => (rate(), burst()).prop_map(|(rate, burst)| Event::Change(rate, burst)),
    ];
    prop::collection::vec((pause(), event), 1..60)
}

/// What happened at a moment: the admissions less those given back, and what had come in by then.
struct Moment {
    net_before: f64,
    net_after: f64,
    supplied_tokens: f64,
}

fn moments(events: &[(Duration, Event)], rate_tps: f64, burst_tokens: f64) -> (Vec<Moment>, f64) {
    let mut bucket = Bucket::new(rate_tps, burst_tokens, Duration::ZERO);
    let (mut now, mut rate, mut most) = (Duration::ZERO, rate_tps, burst_tokens);
    let (mut net, mut supplied_tokens) = (0.0, 0.0);
    let mut moments = Vec::new();
    for (pause, event) in events {
        now += *pause;
        supplied_tokens += rate * pause.as_secs_f64();
        let net_before = net;
        match *event {
            Event::Take => net += f64::from(u8::from(bucket.take(now).is_ok())),
            Event::GiveBack => {
                bucket.give_back(now);
                net -= 1.0;
            }
            Event::Change(to, burst) => {
                bucket.change(now, to, burst);
                rate = to;
                most = most.max(burst);
            }
        }
        moments.push(Moment {
            net_before,
            net_after: net,
            supplied_tokens,
        });
    }
    (moments, most)
}

proptest! {
    #[test]
    fn no_window_admits_more_than_the_burst_and_what_came_in_during_it(
        rate in rate(), burst in burst(), events in events(),
    ) {
        let (moments, most) = moments(&events, rate, burst);

        for (index, first) in moments.iter().enumerate() {
            for last in &moments[index..] {
                let admitted = last.net_after - first.net_before;
                let bound = most + last.supplied_tokens - first.supplied_tokens;
                // A long pause at a high rate brings numbers whose own rounding is larger.
                let rounding = ROUNDING_TOKENS + last.supplied_tokens * 1e-12;
                prop_assert!(admitted <= bound + rounding, "{admitted} > {bound}");
            }
        }
    }

    #[test]
    fn what_is_saved_is_never_below_nothing_nor_above_the_burst(
        rate in rate(), burst in burst(), events in events(),
    ) {
        let mut bucket = Bucket::new(rate, burst, Duration::ZERO);
        let (mut now, mut most) = (Duration::ZERO, burst);

        for (pause, event) in events {
            now += pause;
            match event {
                Event::Take => drop(bucket.take(now)),
                Event::GiveBack => bucket.give_back(now),
                Event::Change(rate, burst) => {
                    bucket.change(now, rate, burst);
                    most = burst;
                }
            }
            let tokens = bucket.tokens(now);
            prop_assert!((0.0..=most).contains(&tokens), "{tokens} of {most}");
        }
    }

    #[test]
    fn whoever_comes_at_the_time_that_was_told_is_admitted_and_nobody_before(
        rate in rate(), burst in burst(), events in events(),
    ) {
        let mut bucket = Bucket::new(rate, burst, Duration::ZERO);
        let (mut now, mut rate) = (Duration::ZERO, rate);

        for (pause, event) in events {
            now += pause;
            match event {
                Event::GiveBack => bucket.give_back(now),
                Event::Change(to, burst) => {
                    bucket.change(now, to, burst);
                    rate = to;
                }
                Event::Take => if let Err(wait) = bucket.take(now) {
                    // A nanosecond of rounding up, one of rounding, and what a token may lack.
                    let slack = Duration::from_nanos(2)
                        + Duration::from_secs_f64(2.0 * TOLERANCE_TOKENS / rate);
                    let early = bucket.clone().take(now + wait.saturating_sub(slack));
                    let due = bucket.clone().take(now + wait);
                    prop_assert!(due.is_ok(), "refused at {wait:?}, told again {due:?}");
                    prop_assert!(wait <= slack || early.is_err(), "admitted before {wait:?}");
                }
            }
        }
    }

    #[test]
    fn a_changed_rate_counts_from_the_change_on_and_not_before(
        slow in 0.01..100.0_f64, fast in 0.01..100.0_f64,
        before in 0..10_000_u64, after in 0..10_000_u64,
    ) {
        let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
        let mut bucket = Bucket::new(slow, 1e6, Duration::ZERO);
        bucket.change(Duration::ZERO, slow, 0.0);
        bucket.change(Duration::ZERO, slow, 1e6);

        bucket.change(Duration::from_millis(before), fast, 1e6);

        let expected = slow * seconds(before) + fast * seconds(after);
        let tokens = bucket.tokens(Duration::from_millis(before + after));
        prop_assert!((tokens - expected).abs() < 1e-9 * (1.0 + expected), "{tokens} {expected}");
    }
}

#[test]
fn a_token_that_is_given_back_admits_another_call() {
    let mut bucket = Bucket::new(1.0, 1.0, Duration::ZERO);
    assert_eq!(bucket.take(Duration::ZERO), Ok(()));
    assert!(bucket.take(Duration::ZERO).is_err());

    bucket.give_back(Duration::ZERO);

    assert_eq!(bucket.take(Duration::ZERO), Ok(()));
}

#[test]
fn a_clock_that_two_callers_read_out_of_order_fills_no_bucket_twice() {
    let mut bucket = Bucket::new(1.0, 2.0, Duration::ZERO);
    assert_eq!(bucket.take(Duration::ZERO), Ok(()));
    assert_eq!(bucket.take(Duration::from_secs(1)), Ok(()));

    assert_eq!(bucket.take(Duration::ZERO), Ok(()));
    assert!(bucket.take(Duration::from_secs(1)).is_err());
}

#[test]
fn the_wait_for_half_a_token_at_two_a_second_is_a_quarter_of_a_second() {
    let mut bucket = Bucket::new(2.0, 1.0, Duration::ZERO);
    assert_eq!(bucket.take(Duration::ZERO), Ok(()));

    let wait = bucket.take(Duration::from_millis(250));

    assert_eq!(wait, Err(Duration::from_millis(250)));
}
