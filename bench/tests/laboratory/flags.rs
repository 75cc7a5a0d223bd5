//! Each flag changes what it should: the one that is tested is the only one that differs.

use clap::Parser;
use integrator_bench::laboratory::candidate::Candidate;
use integrator_bench::laboratory::command::{Arguments, play};
use integrator_bench::laboratory::record::Record;
use integrator_bench::laboratory::run::Scope;
use integrator_bench::laboratory::scenario::Scenario;

use crate::scenario;

#[derive(clap::Parser)]
struct Asked {
    #[command(flatten)]
    arguments: Arguments,
}

fn asked(flags: &[&str]) -> Arguments {
    let line = std::iter::once(&"laboratory").chain(flags);
    Asked::parse_from(line).arguments
}

/// A short storm on a small backend.
fn storm() -> Scenario {
    Scenario {
        load: vec![(5, 0.5), (15, 3.0), (20, 0.5)],
        watched: (5, 15),
        ..scenario("storm-small")
    }
}

fn played(candidate: Candidate, flags: &[&str]) -> Record {
    let Arguments {
        site,
        tuning,
        scope,
        ..
    } = asked(flags);
    let there = site.of(storm()).expect("a backend that can be");
    play(&there, candidate, &tuning, scope, 1)
}

#[test]
fn each_setting_of_the_law_changes_what_the_law_does() {
    let usual = played(Candidate::Law, &[]);
    let flags = [
        ["--target", "120"],
        ["--alpha", "0.9"],
        ["--kp", "0.1"],
        ["--ki", "5"],
        ["--kd", "1"],
        ["--dt", "100"],
        ["--min", "9"],
        ["--max", "12"],
        ["--burst", "2"],
    ];
    for flag in flags {
        let other = played(Candidate::Law, &flag);

        assert!(usual.slices != other.slices, "{flag:?}");
    }
}

#[test]
fn the_settings_of_the_law_are_nothing_to_a_limiter_without_a_target() {
    let usual = played(Candidate::Gradient2, &[]);

    let other = played(
        Candidate::Gradient2,
        &["--target", "120", "--kp", "0.1", "--min", "9"],
    );

    assert!(usual == other);
}

#[test]
fn a_capacity_is_how_many_flows_the_backend_ends() {
    let usual = played(Candidate::Static, &["--capacity", "12"]);

    let twice = played(Candidate::Static, &["--capacity", "24"]);

    let [usual, twice] = [usual, twice].map(|record| record.begun.len() as f64);
    assert!((1.6..2.4).contains(&(twice / usual)), "{usual} {twice}");
}

#[test]
fn a_call_that_is_alone_takes_what_is_said() {
    let calm = |alone| {
        let site = asked(&["--capacity", "40", "--alone", alone]).site;
        let calm = Scenario {
            load: vec![(20, 0.1)],
            ..site.of(storm()).expect("a backend that can be")
        };
        let record = play(
            &calm,
            Candidate::None,
            &asked(&[]).tuning,
            Scope::NewFlows,
            1,
        );
        let sum: f64 = record.latencies.iter().map(|(_, ms)| ms).sum();
        sum / record.latencies.len() as f64
    };

    let [quick, slow] = ["50", "150"].map(calm);

    assert!((45.0..60.0).contains(&quick), "{quick}");
    assert!((135.0..180.0).contains(&slow), "{slow}");
}

#[test]
fn beyond_a_nearer_knee_fewer_calls_end() {
    let answered = |knee| played(Candidate::None, &["--knee", knee]).counts.answered;

    let [near, far] = ["1", "8"].map(answered);

    assert!(near < far, "{near} {far}");
}

#[test]
fn who_thinks_longer_finishes_later() {
    let took = |think| {
        let record = played(Candidate::Static, &["--think", think]);
        let done = record
            .begun
            .iter()
            .filter_map(|flow| Some((flow.at, flow.finished?)));
        let times: Vec<f64> = done.map(|(at, end)| (end - at).as_secs_f64()).collect();
        times.iter().sum::<f64>() / times.len() as f64
    };

    let [quick, slow] = ["100", "2000"].map(took);

    // Two pauses between three steps.
    assert!((3.0..4.6).contains(&(slow - quick)), "{quick} {slow}");
}

#[test]
fn where_every_step_is_guarded_begun_flows_are_refused_too() {
    let refused = |scope| {
        let record = played(Candidate::Static, &["--scope", scope]);
        let starts: u64 = record.slices.iter().map(|slice| slice.start_tries).sum();
        // Each start is refused or begins a call; what is refused beyond that was a later step.
        (record.counts.refused, starts)
    };

    let (new_flows, starts) = refused("new-flows");
    let (all_steps, later_starts) = refused("all-steps");

    assert!(new_flows <= starts, "{new_flows} {starts}");
    assert!(all_steps > later_starts, "{all_steps} {later_starts}");
}

#[test]
fn a_backend_that_cannot_be_is_refused_with_what_it_could_do() {
    let site = asked(&["--capacity", "1"]).site;

    let refused = site
        .of(storm())
        .expect_err("20 calls of 50 ms fit into a second");

    assert!(refused.contains("--alone 334"), "{refused}");
}
