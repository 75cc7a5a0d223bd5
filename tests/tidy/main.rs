//! The tree polices itself: each law reads the files that git tracks and names every violation.
//!
//! Each law stands in one file with its table at the top, one test that holds it against the
//! tree, and one that plants a violation and expects the law to see it.

#![expect(clippy::expect_used, reason = "a law that is broken fails its test")]

mod arrows;
mod crates;
mod dependencies;
mod docs;
mod logs;
mod manifests;
mod shape;
mod source;
mod tree;
mod words;
