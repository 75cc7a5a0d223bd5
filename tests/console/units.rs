//! The parts of the page that only compute, by Node alone: percentiles, windows over counters, the
//! scanner of raw JSON, the verdict, the reading of a flow.

use std::fs;
use std::path::Path;

use integrator_testbed::node::node;

#[test]
fn every_part_of_the_page_that_computes_does_so_as_its_own_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/units");
    let listed = fs::read_dir(&folder).expect("the units are there");
    let mut files: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    assert!(!files.is_empty(), "no tests in {}", folder.display());

    let mut command = node(Path::new(env!("CARGO_TARGET_TMPDIR")));
    command.arg("--test").args(files);
    let output = command.output().expect("Node starts");

    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
}
