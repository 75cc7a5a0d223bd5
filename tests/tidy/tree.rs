//! The files that git tracks, or a few planted ones.

use std::path::Path;
use std::process::Command;

/// One text file.
pub(crate) struct File {
    /// Its path from the root of the repository, with slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Files to hold a law against.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Every tracked file that is UTF-8 text and still there.
    pub(crate) fn of_repository() -> Self {
        let root = root();
        let listed = Command::new("git")
            .args(["-c", "safe.directory=*", "ls-files", "-z"])
            .current_dir(root)
            .output()
            .expect("git runs");
        assert!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let paths = String::from_utf8(listed.stdout).expect("paths are UTF-8");
        let files: Vec<File> = paths
            .split_terminator('\0')
            .filter_map(|path| {
                let text = std::fs::read_to_string(root.join(path)).ok()?;
                Some(File {
                    path: path.to_owned(),
                    text,
                })
            })
            .collect();
        assert!(files.len() > 50, "git lists only {} files", files.len());
        Self { files }
    }

    /// A tree of these files, to see a law at work.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    /// The file at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files written in Rust.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| has_extension(file, "rs"))
    }

    /// Rust files under a folder.
    pub(crate) fn rust_under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.rust()
            .filter(move |file| file.path.starts_with(folder))
    }
}

/// Whether a file's name ends so.
pub(crate) fn has_extension(file: &File, extension: &str) -> bool {
    Path::new(&file.path)
        .extension()
        .is_some_and(|found| found == extension)
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every violation, one a line.
pub(crate) fn holds(law: &str, violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{law}\n  {}\n",
        violations.join("\n  ")
    );
}

/// Fails unless the law saw each of these, and nothing else.
pub(crate) fn sees(violations: &[String], expected: &[&str]) {
    assert_eq!(
        violations.len(),
        expected.len(),
        "saw {violations:#?}, expected {expected:#?}"
    );
    for (seen, expected) in violations.iter().zip(expected) {
        assert!(
            seen.contains(expected),
            "saw {seen:?}, expected {expected:?}"
        );
    }
}
