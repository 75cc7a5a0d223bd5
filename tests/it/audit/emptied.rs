//! A file whose records are gone, and one that is no stream's: neither is gone on with.

use std::fs;

use super::{Site, judge, problem, refusal};

#[test]
fn a_file_that_was_emptied_or_replaced_is_refused() {
    let site = Site::of(6);
    for left in ["", "hello\n", "hello", "{\"seq\":1,", "{\"seq\":7,\"at\":"] {
        fs::write(site.path(), left).expect("written");

        let told = refusal(&site);

        assert!(told.contains("audit.log.head tells of 6 records"), "{told}");
        assert_eq!(site.bytes(), left.as_bytes());
        assert_ne!(problem(&site.verdict(&[&site.path()])), "", "{left:?}");
    }
}

#[test]
fn a_file_of_somebody_else_is_not_written_to() {
    for theirs in [
        "SQLite format 3\0...",
        "hello\n",
        "hello",
        "\n",
        "{\"seq\":1,\"x\"}\n",
    ] {
        let site = Site::new();
        fs::write(site.path(), theirs).expect("written");

        assert!(refusal(&site).contains("holds no record of an audit stream"));

        assert_eq!(site.bytes(), theirs.as_bytes());
    }
}

#[test]
fn a_first_record_that_a_crash_cut_is_closed() {
    for left in ["", "{\"se", "{\"seq\":1,\"at\":\"2026-"] {
        let site = Site::new();
        fs::write(site.path(), left).expect("written");

        site.record(2);

        assert_eq!(problem(&site.verdict(&[&site.path()])), "", "{left:?}");
    }
}

#[test]
fn a_crash_while_the_next_file_is_begun_is_no_loss() {
    for left in ["", "{\"seq\":4,\"at\"", "\0\0\0\n"] {
        let site = Site::of(3);
        fs::rename(site.path(), site.old()).expect("renamed");
        // What a process leaves that is killed between the new file and its first record.
        let head = site.folder.path().join("audit.log.head");
        let marked = format!("{}next\n", fs::read_to_string(&head).expect("a head"));
        fs::write(&head, marked).expect("written");
        fs::write(site.path(), left).expect("written");

        site.record(2);

        let files = [&*site.old(), &*site.path()];
        assert_eq!(problem(&site.verdict(&files)), "", "{left:?}");
        assert_eq!(problem(&site.verdict(&[&site.path()])), "", "{left:?}");
    }
}

#[test]
fn a_file_that_goes_on_from_another_without_a_rotation_is_not_whole() {
    let site = Site::of(3);
    fs::rename(site.path(), site.old()).expect("renamed");
    site.record(3);
    assert_eq!(problem(&site.verdict(&[&site.path()])), "");

    let text = String::from_utf8(site.bytes()).expect("text");
    let (_, rest) = text.split_once('\n').expect("a line");

    assert_eq!(
        problem(&judge(&[rest.as_bytes().to_vec()], &[site.head()])),
        "file 0:1: seq 5: gap: the file begins with it, and no rotation began the file; records \
         before it were cut off"
    );
}
