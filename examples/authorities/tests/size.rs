//! Every authority can be read in one sitting: its program, with the modules that it alone uses,
//! stays under 300 lines without tests. `LONGER` names the others.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A program has fewer lines.
const LIMIT: usize = 300;

/// Programs that are longer, each with its lines: they do not grow, and a shorter one says so here.
const LONGER: [(&str, usize); 2] = [("gateway", 474), ("review-desk", 359)];

/// Sources by the name of their program or module, without their unit tests.
type Sources = BTreeMap<String, String>;

/// The programs under `src/bin`, each of one file or of a folder, and the modules of the library.
fn sources() -> (Sources, Sources) {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = read(&src);
    modules.remove("bin");
    modules.remove("lib");
    (read(&src.join("bin")), modules)
}

/// What lies in a folder, by the names without their ends.
fn read(folder: &Path) -> Sources {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| {
            let name = path.file_stem().expect("a name");
            (name.to_string_lossy().into_owned(), text(&path))
        })
        .collect()
}

/// A file before its unit tests, or all files of a folder.
fn text(path: &Path) -> String {
    if path.is_dir() {
        return read(path).into_values().collect();
    }
    let text = fs::read_to_string(path).expect("a file is text");
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The modules of the library that a source names behind `prefix`, by itself or among others.
fn named(source: &str, prefix: &str, modules: &Sources) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in source.match_indices(prefix) {
        let rest = source.get(at + prefix.len()..).unwrap_or_default();
        // Of a list, its members; of a path, its first part.
        let end = if rest.starts_with('{') { "};" } else { "::" };
        let names = rest.split(end).next().unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words = names.split(|c| !is_word(c)).map(str::to_owned);
        let limit = if end == "::" { 1 } else { usize::MAX };
        let known = words.filter(|word| !word.is_empty()).take(limit);
        found.extend(known.filter(|word| modules.contains_key(word)));
    }
    found
}

/// All modules that a program is made of, those of its modules included.
fn used(program: &str, modules: &Sources) -> BTreeSet<String> {
    let mut used = named(program, "integrator_authorities::", modules);
    let mut open: Vec<String> = used.iter().cloned().collect();
    while let Some(module) = open.pop() {
        let source = modules.get(&module).map_or("", String::as_str);
        for next in named(source, "crate::", modules) {
            if used.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    used
}

/// The lines of each program with the modules that no other program uses.
fn counted(programs: &Sources, modules: &Sources) -> BTreeMap<String, usize> {
    let uses: BTreeMap<&str, BTreeSet<String>> = programs
        .iter()
        .map(|(name, source)| (name.as_str(), used(source, modules)))
        .collect();
    let users = |module: &String| uses.values().filter(|used| used.contains(module)).count();
    let lines = |module: &String| modules.get(module).map_or(0, |text| text.lines().count());
    let count = |(name, source): (&String, &String)| {
        let own = uses.get(name.as_str()).into_iter().flatten();
        let own: usize = own.filter(|module| users(module) == 1).map(lines).sum();
        (name.clone(), source.lines().count() + own)
    };
    programs.iter().map(count).collect()
}

#[test]
fn every_authority_is_shorter_than_300_lines_without_its_tests() {
    let (programs, modules) = sources();
    let counted = counted(&programs, &modules);
    let long = counted.into_iter().filter(|(_, lines)| *lines >= LIMIT);
    let known = LONGER.map(|(name, lines)| (name.to_owned(), lines));
    assert_eq!(long.collect::<Vec<_>>(), known);
}

#[test]
fn every_module_of_the_library_has_a_program() {
    let (programs, modules) = sources();
    let used: BTreeSet<String> = programs
        .values()
        .flat_map(|it| used(it, &modules))
        .collect();
    let idle: Vec<&String> = modules.keys().filter(|it| !used.contains(*it)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn a_module_counts_for_a_program_that_uses_it_alone_however_it_is_named() {
    let planted = |files: &[(&str, &str)]| -> Sources {
        let owned = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        owned.collect()
    };
    let programs = planted(&[
        (
            "first",
            "use integrator_authorities::{\n    one::{A, B}, shared,\n};\n",
        ),
        ("second", "use integrator_authorities::shared::C;\n"),
    ]);
    let modules = planted(&[
        ("one", "use crate::behind::D;\n"),
        ("behind", "one\ntwo\n"),
        ("shared", "one\ntwo\nthree\n"),
    ]);
    let counted = counted(&programs, &modules);
    assert_eq!(counted.get("first"), Some(&(3 + 1 + 2)));
    assert_eq!(counted.get("second"), Some(&1));
}
