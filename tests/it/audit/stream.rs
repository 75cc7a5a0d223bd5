//! The stream as it is written: it goes on over restarts, crashes, rotation and a disk that is away.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use appattest_integrator::orchestrator::ReloadOutcome;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Site, problem, refusal, until};

fn append(site: &Site, bytes: &[u8]) {
    let mut file = fs::File::options()
        .append(true)
        .open(site.path())
        .expect("it opens");
    file.write_all(bytes).expect("written");
}

#[test]
fn a_stream_goes_on_where_it_ended_and_only_its_owner_may_read_it() {
    let site = Site::of(3);
    site.record(4);

    let verdict = site.verdict(&[&site.path()]);

    assert_eq!(problem(&verdict), "");
    assert_eq!(verdict.head.map(|head| head.seq), Some(7));
    let mode = site.path().metadata().expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn a_file_belongs_to_one_stream_at_a_time() {
    let site = Site::new();
    let stream = site.open().expect("it opens");

    assert!(refusal(&site).contains("another process writes to it"));
    stream.stop();
    site.record(1);
}

#[test]
fn an_end_that_does_not_verify_is_refused_with_what_to_do() {
    let site = Site::of(5);
    let whole = site.bytes();

    let edited = String::from_utf8_lossy(&whole).replace("\"stop\"", "\"halt\"");
    fs::write(site.path(), edited).expect("written");
    let told = refusal(&site);
    assert!(told.contains("seq 5: edited: its hash"), "{told}");
    assert!(told.contains("audit verify"), "{told}");

    let shorter = whole.iter().rposition(|byte| *byte == b'{').expect("one");
    fs::write(site.path(), &whole[..shorter]).expect("written");
    assert!(refusal(&site).contains("seq 4: truncated"));

    fs::write(site.path(), &whole[..whole.len() - 1]).expect("written");
    assert!(refusal(&site).contains("truncated"));

    fs::write(site.path(), &whole).expect("written");
    site.record(1);
}

#[test]
fn a_head_that_is_none_is_refused_and_a_missing_one_is_not() {
    let site = Site::of(2);
    let head = site.folder.path().join("audit.log.head");
    fs::write(&head, "2:xyz\n").expect("written");
    assert!(refusal(&site).contains("audit.log.head: a head is SEQ:HASH"));

    fs::remove_file(&head).expect("removed");
    site.record(1);

    assert_eq!(problem(&site.verdict(&[&site.path()])), "");
}

#[test]
fn a_stream_whose_file_was_moved_away_meanwhile_goes_on_from_its_head() {
    let site = Site::of(3);
    fs::rename(site.path(), site.old()).expect("renamed");
    site.record(2);

    assert_eq!(problem(&site.verdict(&[&site.old(), &site.path()])), "");
    assert_eq!(site.verdict(&[&site.path()]).first, Some(4));
}

#[test]
fn a_file_that_is_moved_away_is_followed_by_another_without_being_told() {
    let site = Site::new();
    let stream = site.open().expect("it opens");
    stream.audit().started();
    for number in 0..3 {
        site.begun();
        let old = site.folder.path().join(format!("old.{number}"));
        fs::rename(site.path(), old).expect("renamed");
    }
    // Nobody has to record anything for another file to begin.
    site.begun();
    stream.stop();

    let old = |number: u32| site.folder.path().join(format!("old.{number}"));
    let files = [&*old(0), &*old(1), &*old(2), &*site.path()];
    assert_eq!(problem(&site.verdict(&files)), "");
    let kinds = String::from_utf8(site.bytes()).expect("text");
    let first = kinds.lines().next().expect("a record");
    assert!(first.contains(r#""kind":"rotate""#), "{first}");
    assert!(problem(&site.verdict(&[&old(0), &old(2), &site.path()])).contains("gap"));
}

#[test]
fn a_full_queue_loses_records_and_the_chain_tells_how_many() {
    let site = Site::new();
    let stream = site.open_for(4).expect("it opens");
    let audit = stream.audit();
    audit.started();
    site.begun();
    site.block();
    for _ in 0..20 {
        audit.reloaded(&ReloadOutcome::Loaded);
    }
    let lost = site.metric("integrator_audit_records_lost_total");
    assert_eq!(lost, 16);

    site.unblock();
    stream.stop();

    let verdict = site.verdict(&[&site.old(), &site.path()]);
    assert_eq!(problem(&verdict), "");
    let texts = [site.old(), site.path()].map(|path| fs::read_to_string(path).expect("text"));
    let told = |kind: &str| {
        texts
            .concat()
            .matches(&format!("\"kind\":\"{kind}\""))
            .count() as u64
    };
    let stop_lost = 1 - told("stop");
    assert_eq!(verdict.lost, lost + stop_lost);
    assert_eq!((told("start"), told("reload")), (1, 4));
}

#[test]
fn no_other_file_is_gone_on_with_in_the_place_of_one_that_was_moved_away() {
    let site = Site::new();
    let stream = site.open().expect("it opens");
    let other = site.folder.path().join("other");
    fs::write(&other, "not ours\n").expect("written");
    site.replace_by(&other);
    stream.audit().started();
    until("the other file is refused", || {
        site.metric("integrator_audit_write_failures_total") > 0
    });

    assert_eq!(site.bytes(), b"not ours\n");
    fs::rename(site.path(), &other).expect("renamed");
    stream.stop();

    assert_eq!(problem(&site.verdict(&[&site.old(), &site.path()])), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_a_crash_leaves_behind_is_closed_and_stays_readable(
        left in vec(prop_oneof![Just(b'\n'), any::<u8>()], 1..400),
        flipped in any::<prop::sample::Index>(),
    ) {
        let site = Site::of(3);
        let before = site.bytes().len();
        append(&site, &left);
        site.record(2);

        let verdict = site.verdict(&[&site.path()]);
        prop_assert_eq!(problem(&verdict), "");
        prop_assert_eq!((verdict.recovered, verdict.head.map(|head| head.seq)), (1, Some(6)));
        let mut bytes = site.bytes();
        prop_assert_eq!(&bytes[before..before + left.len()], &left[..]);
        bytes[before + flipped.index(left.len())] ^= 1;
        prop_assert!(super::judge(&[bytes], &[site.head()]).problem.is_some());
    }

    #[test]
    fn a_crash_at_any_byte_of_a_record_is_closed(cut in any::<prop::sample::Index>()) {
        let site = Site::of(4);
        let bytes = site.bytes();
        let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let head = site.folder.path().join("audit.log.head");
        fs::write(&head, head_of(&bytes[..=last])).expect("written");
        let cut = last + 2 + cut.index(bytes.len() - last - 3);
        fs::write(site.path(), &bytes[..cut]).expect("written");

        site.record(2);

        let verdict = site.verdict(&[&site.path()]);
        prop_assert_eq!(problem(&verdict), "");
        prop_assert_eq!(verdict.recovered, 1);
    }
}

/// The head of a chain, as the file beside it would hold it.
fn head_of(bytes: &[u8]) -> String {
    let verdict = super::judge(&[bytes.to_vec()], &[]);
    format!("{}\n", verdict.head.expect("a head"))
}
