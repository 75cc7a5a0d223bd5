//! The command, as an operator runs it.

use std::process::Command;

use integrator_bench::laboratory::scenario::all;

fn laboratory(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_integrator-bench"));
    command.arg("laboratory").args(arguments);
    command.output().expect("the program")
}

#[test]
fn the_same_seeds_print_the_same_table() {
    let arguments = ["--scenario", "storm-small", "--seeds", "2"];

    let [once, again] = [(); 2].map(|()| laboratory(&arguments));

    assert!(once.status.success());
    let table = String::from_utf8(once.stdout.clone()).expect("text");
    assert_eq!(
        table
            .lines()
            .filter(|line| line.starts_with("| law "))
            .count(),
        1,
        "{table}"
    );
    assert_eq!(once.stdout, again.stdout);
}

#[test]
fn a_picture_names_each_limiter() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = folder.path().join("pictures");
    let path = pictures.to_str().expect("a path that is text");

    let drawn = laboratory(&["--scenario", "storm-small", "--seeds", "1", "--plots", path]);

    assert!(drawn.status.success(), "{drawn:?}");
    let svg = std::fs::read_to_string(pictures.join("storm-small.svg")).expect("a picture");
    for limiter in ["none", "static", "aimd-target", "gradient2", "envoy", "law"] {
        assert!(svg.contains(&format!("\n{limiter}\n")), "{limiter}");
    }
}

#[test]
fn a_scenario_that_there_is_not_is_refused_with_those_that_there_are() {
    let refused = laboratory(&["--scenario", "flood"]);

    assert!(!refused.status.success());
    let told = String::from_utf8(refused.stderr).expect("text");
    assert!(
        told.contains("no scenario 'flood'") && told.contains("storm-small"),
        "{told}"
    );
}

#[test]
fn a_limiter_that_there_is_not_is_refused_with_those_that_there_are() {
    let refused = laboratory(&["--limiters", "bucket"]);

    assert!(!refused.status.success());
    let told = String::from_utf8(refused.stderr).expect("text");
    assert!(
        told.contains("'bucket'") && told.contains("aimd-target"),
        "{told}"
    );
}

#[test]
fn the_list_has_a_line_for_each_scenario() {
    let listed = laboratory(&["--list"]);

    let list = String::from_utf8(listed.stdout).expect("text");
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split("  ").next())
        .collect();
    let all: Vec<&str> = all().iter().map(|scenario| scenario.name).collect();
    assert_eq!(names, all);
}

#[test]
fn settings_that_cannot_be_are_refused_with_what_they_may_be() {
    let refused = [
        (["--alpha", "2"], "must be above 0 and at most 1"),
        (["--max", "0.5"], "cannot be below the lowest"),
        (["--kp", "fast"], "not a number"),
        (["--capacity", "inf"], "must be finite"),
    ];
    for (asked, told) in refused {
        let output = laboratory(&asked);

        assert!(!output.status.success(), "{asked:?}");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(stderr.contains(told), "{stderr}");
    }
}
