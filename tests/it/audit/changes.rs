//! Whatever is changed in a chain is found; and nothing that a file may hold ends the verifier.

use std::fs;
use std::sync::OnceLock;

use appattest_integrator::audit::Noted;
use appattest_integrator::audit::verify::Verdict;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Site, judge, problem};

/// Records of the chain that is changed.
const RECORDS: usize = 9;

/// A chain, and its head.
fn chain() -> &'static (Vec<u8>, Noted) {
    static CHAIN: OnceLock<(Vec<u8>, Noted)> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let site = Site::of(RECORDS as u64);
        (site.bytes(), site.head())
    })
}

fn lines() -> Vec<Vec<u8>> {
    let (bytes, _) = chain();
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

/// The verdict on one file of these lines, against the head.
fn on(lines: &[Vec<u8>]) -> Verdict {
    judge(&[lines.concat()], std::slice::from_ref(&chain().1))
}

#[test]
fn a_chain_that_nobody_changed_is_whole() {
    let verdict = on(&lines());

    assert_eq!(problem(&verdict), "");
    assert_eq!(verdict.files[0].records, RECORDS as u64);
    assert_eq!(verdict.first, Some(1));
}

#[test]
fn each_change_is_called_what_it_is_and_told_with_its_place() {
    let whole = lines();
    let mut edited = whole.clone();
    edited[4] = String::from_utf8_lossy(&whole[4])
        .replace("loaded", "refused")
        .into_bytes();
    let mut removed = whole.clone();
    removed.drain(3..5);
    let mut doubled = whole.clone();
    doubled.insert(5, whole[4].clone());
    let mut swapped = whole.clone();
    swapped.swap(3, 6);
    let mut stray = whole.clone();
    stray.insert(2, b"who was here?\n".to_vec());
    let cut = whole[..6].to_vec();
    let torn = [&whole[..8], &[whole[8][..40].to_vec()]].concat();

    let told =
        [edited, removed, doubled, swapped, stray, cut, torn].map(|lines| problem(&on(&lines)));

    insta::assert_snapshot!(told.join("\n"), @r"
    file 0:5: seq 5: edited: its hash does not fit its bytes
    file 0:4: seq 6: gap: records 4 to 5 are missing before it
    file 0:6: seq 5: doubled: the record stands here again
    file 0:4: seq 7: reordered: record 4 stands at file 0:7, after it
    file 0:3: edited: this is no record of an audit stream
    file 0:6: seq 6: truncated: this is the last record, and the head that was noted is 9
    file 0:8: seq 8: truncated: this is the last record, and the head that was noted is 9
    ");
}

#[test]
fn records_that_lead_elsewhere_are_found_though_each_is_whole_by_itself() {
    let other = Site::new();
    let stream = other.open().expect("it opens");
    stream.audit().started();
    stream.stop();
    other.record(RECORDS as u64);
    let other: Vec<Vec<u8>> = other
        .bytes()
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let spliced = [&lines()[..4], &other[4..9]].concat();
    let replaced = other[..9].to_vec();

    assert!(problem(&on(&spliced)).contains("seq 5: edited: it is chained to another record"));
    assert!(problem(&on(&replaced)).contains("seq 9: edited: the head that was noted"));
}

#[test]
fn files_are_taken_oldest_first_and_a_missing_one_is_found() {
    let site = Site::of(3);
    let old = [1, 2].map(|number| site.folder.path().join(format!("old.{number}")));
    for old in &old {
        fs::rename(site.path(), old).expect("renamed");
        site.record(2);
    }
    let [a, b] = old.map(|old| fs::read(old).expect("it is there"));
    let files = [a.clone(), b.clone(), site.bytes()];
    let c = site.bytes();

    assert_eq!(problem(&judge(&files, &[])), "");
    let newest = judge(std::slice::from_ref(&c), &[site.head()]);
    assert_eq!((problem(&newest).as_str(), newest.first), ("", Some(7)));
    assert_eq!(
        problem(&judge(&[a.clone(), c.clone()], &[])),
        "file 1:1: seq 7: gap: records 4 to 6 are missing before it"
    );
    assert_eq!(
        problem(&judge(&[b, a, c], &[])),
        "file 1:1: seq 1: reordered: it is older than record 4; give files oldest first"
    );
}

#[test]
fn a_head_that_was_noted_in_the_middle_is_compared_there() {
    let (bytes, _) = chain();
    let noted = |records: u64| Site::of(records).head();
    let middle: Noted = noted(5);

    // The fifth record of a shorter stream tells its end, so that it is another one.
    let verdict = judge(std::slice::from_ref(bytes), &[middle]);
    assert_eq!(
        problem(&verdict),
        "file 0:5: seq 5: edited: the head that was noted tells another hash"
    );
    let older = lines()[5..].concat();
    let early: Noted = "2:0123456789abcdef".parse().expect("a head");
    assert_eq!(
        problem(&judge(&[older], &[early])),
        "file 0:1: seq 6: gap: the head that was noted, 2, lies before it; give the older files too"
    );
}

#[test]
fn a_line_without_end_is_read_in_pieces() {
    let mut endless = lines()[..2].concat();
    endless.resize(endless.len() + 5_000_000, b'{');

    assert!(problem(&judge(&[endless], &[])).contains("file 0:3: torn: the last 5000000 bytes"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_byte_that_is_changed_is_found(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut bytes = chain().0.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= change;

        prop_assert!(judge(&[bytes], &[]).problem.is_some());
    }

    #[test]
    fn any_byte_that_is_removed_or_put_in_is_found(
        at in any::<prop::sample::Index>(),
        byte in any::<Option<u8>>(),
    ) {
        let mut bytes = chain().0.clone();
        let at = at.index(bytes.len());
        match byte {
            Some(byte) => bytes.insert(at, byte),
            None => drop(bytes.remove(at)),
        }

        prop_assert!(judge(&[bytes], &[]).problem.is_some());
    }

    #[test]
    fn any_lines_that_are_removed_are_missed(from in 0..RECORDS, length in 1..RECORDS) {
        let mut lines = lines();
        lines.drain(from..RECORDS.min(from + length));

        prop_assert!(on(&lines).problem.is_some());
    }

    #[test]
    fn any_lines_that_change_places_are_found(one in 0..RECORDS, by in 1..RECORDS) {
        let mut lines = lines();
        lines.swap(one, (one + by) % RECORDS);

        prop_assert!(on(&lines).problem.is_some());
    }

    #[test]
    fn any_line_that_stands_twice_is_found(from in 0..RECORDS, to in 0..=RECORDS) {
        let mut lines = lines();
        lines.insert(to, lines[from].clone());

        prop_assert!(on(&lines).problem.is_some());
    }

    #[test]
    fn any_line_that_was_put_in_is_found(at in 0..=RECORDS, mut line in vec(any::<u8>(), 0..300)) {
        let mut lines = lines();
        line.push(b'\n');
        lines.insert(at, line);

        prop_assert!(on(&lines).problem.is_some());
    }

    #[test]
    fn any_cut_at_the_end_is_found(at in any::<prop::sample::Index>()) {
        let (bytes, head) = chain();
        let cut = bytes[..at.index(bytes.len())].to_vec();

        prop_assert!(judge(&[cut], std::slice::from_ref(head)).problem.is_some());
    }

    #[test]
    fn bytes_that_are_no_stream_are_never_whole(
        bytes in vec(prop_oneof![Just(b'\n'), Just(b'"'), any::<u8>()], 1..2000),
    ) {
        prop_assert!(judge(&[bytes], &[]).problem.is_some());
    }
}
