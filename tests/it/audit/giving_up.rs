//! A service that ends while its file takes nothing: what is lost is counted, and told later.

use std::fs;

use appattest_integrator::orchestrator::ReloadOutcome;

use super::{Site, problem};

/// A stream that ended with five records and its last word unwritten.
fn cut_off() -> Site {
    let site = Site::new();
    let stream = site.open().expect("it opens");
    stream.audit().started();
    site.begun();
    site.block();
    (0..5).for_each(|_| stream.audit().reloaded(&ReloadOutcome::Loaded));
    stream.stop();
    site
}

#[test]
fn what_an_orderly_stop_could_not_write_is_told_by_the_next_start() {
    let site = cut_off();
    assert_eq!(site.metric("integrator_audit_records_lost_total"), 6);

    site.unblock();
    site.record(2);

    let verdict = site.verdict(&[&site.old(), &site.path()]);
    assert_eq!((problem(&verdict).as_str(), verdict.lost), ("", 6));
    let text = String::from_utf8(site.bytes()).expect("text");
    let kinds: Vec<bool> = ["rotate", "lost", "reload", "stop"]
        .iter()
        .zip(text.lines())
        .map(|(kind, line)| line.contains(&format!("\"kind\":\"{kind}\"")))
        .collect();
    assert_eq!(kinds, [true; 4], "{text}");
}

#[test]
fn what_was_lost_is_told_once() {
    let site = cut_off();
    site.unblock();
    site.record(2);
    site.record(2);

    let verdict = site.verdict(&[&site.old(), &site.path()]);

    assert_eq!((problem(&verdict).as_str(), verdict.lost), ("", 6));
}

#[test]
fn what_was_lost_is_told_though_the_next_run_cannot_write_either() {
    let site = cut_off();
    site.unblock();
    fs::rename(site.old(), site.path()).expect("renamed");
    let stream = site.open().expect("it opens");
    site.block();
    stream.stop();
    site.unblock();
    site.record(2);

    let verdict = site.verdict(&[&site.old(), &site.path()]);

    assert_eq!(problem(&verdict), "");
    assert!((6..=7).contains(&verdict.lost), "{}", verdict.lost);
}
