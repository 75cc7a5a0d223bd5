//! `audit verify` as a process: what it prints and the exit code.

use std::fs;
use std::process::{Command, Output};

use super::Site;
use crate::harness::program::INTEGRATOR;

fn run(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(INTEGRATOR)
        .current_dir(site.folder.path())
        .env_clear()
        .args(["audit", "verify"])
        .args(arguments)
        .output()
        .expect("the binary runs");
    let text = String::from_utf8([stdout, stderr].concat()).expect("text");
    (status.code(), text.replace(&hash(site), "HASH"))
}

/// The last record's hash.
fn hash(site: &Site) -> String {
    let head = fs::read_to_string(site.folder.path().join("audit.log.head")).expect("a head");
    let (_, hash) = head
        .lines()
        .next()
        .and_then(|line| line.split_once(':'))
        .expect("a hash");
    hash.to_owned()
}

#[test]
fn a_whole_chain_is_told_file_by_file_and_exits_0() {
    let site = Site::of(3);
    fs::rename(site.path(), site.old()).expect("renamed");
    site.record(2);

    let told = run(&site, &["audit.log.1", "audit.log"]);

    insta::assert_debug_snapshot!(told, @r#"
    (
        Some(
            0,
        ),
        "audit.log.1: records 1 to 3 (3), 2026-01-17T12:00:00.000Z to 2026-01-17T12:00:00.000Z\naudit.log: records 4 to 6 (3), 2026-01-17T12:00:00.000Z to 2026-01-17T12:00:00.000Z\nwhole, head 6:HASH\n",
    )
    "#);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let site = Site::of(3);
    fs::rename(site.path(), site.old()).expect("renamed");

    let (code, told) = run(&site, &["audit.log.1"]);

    assert_eq!(code, Some(0));
    assert!(told.contains("note: no head to compare with"), "{told}");
}

#[test]
fn a_chain_that_is_not_whole_exits_1_with_the_place() {
    let site = Site::of(3);
    let whole = String::from_utf8(site.bytes()).expect("text");
    fs::write(site.path(), whole.replacen("loaded", "refused", 1)).expect("written");

    let (code, told) = run(&site, &["audit.log"]);

    assert_eq!(code, Some(1));
    let expected = "BROKEN audit.log:1: seq 1: edited: its hash does not fit its bytes\n";
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn a_head_from_elsewhere_finds_what_the_one_beside_the_file_cannot() {
    let site = Site::of(3);
    let noted = format!("3:{}", &hash(&site)[..16]);
    assert_eq!(run(&site, &["audit.log", "--head", &noted]).0, Some(0));

    // Whoever may write both can forge both.
    let forged = Site::of(2);
    for name in ["audit.log", "audit.log.head"] {
        let from = forged.folder.path().join(name);
        fs::copy(from, site.folder.path().join(name)).expect("copied");
    }

    assert_eq!(run(&site, &["audit.log"]).0, Some(0));
    let (code, told) = run(&site, &["audit.log", "--head", &noted]);
    assert_eq!(code, Some(1));
    assert!(told.contains("seq 2: truncated"), "{told}");
}

#[test]
fn what_cannot_be_read_exits_2() {
    let site = Site::of(1);

    for arguments in [
        &["nothing.log"][..],
        &["."],
        &[],
        &["audit.log", "--head", "3"],
        &["audit.log", "--head", "3:ABCDEF0123456789"],
    ] {
        assert_eq!(run(&site, arguments).0, Some(2), "{arguments:?}");
    }
    fs::write(site.folder.path().join("audit.log.head"), "7\n").expect("written");
    let output = Command::new(INTEGRATOR)
        .args(["audit", "verify"])
        .arg(site.path())
        .output();
    assert_eq!(output.expect("it runs").status.code(), Some(2));
}

#[test]
fn a_file_that_is_written_now_can_be_verified_and_stays_the_services() {
    let site = Site::of(2);
    let stream = site.open().expect("it opens");

    let (code, told) = run(&site, &["audit.log"]);

    assert_eq!(code, Some(0), "{told}");
    stream.stop();
    assert_eq!(run(&site, &["audit.log"]).0, Some(0));
}

#[test]
fn records_that_a_stop_could_not_write_are_told_before_the_next_start() {
    let site = Site::of(3);
    let head = site.folder.path().join("audit.log.head");
    let noted = fs::read_to_string(&head).expect("a head");
    fs::write(&head, format!("{noted}lost 5 after 3\n")).expect("written");

    let (code, told) = run(&site, &["audit.log"]);

    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("note: 5 records could not be written"),
        "{told}"
    );
}
