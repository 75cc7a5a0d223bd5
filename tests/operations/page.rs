//! docs/OPERATIONS.md as a test reads it: its sections, and the queries in them.

use std::fs;
use std::path::{Path, PathBuf};

/// What a query says of itself whose result is empty as long as nothing is wrong.
const NOTHING_YET: &str = "# nothing while all is well";

/// A query as it stands on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// The heading that it stands under.
    pub(crate) section: String,
    pub(crate) expression: String,
    /// Whether it finds nothing as long as nothing is wrong.
    pub(crate) may_be_empty: bool,
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

pub(crate) fn text(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The playbook.
pub(crate) fn operations() -> String {
    text("docs/OPERATIONS.md")
}

/// Every query of a page: what stands in blocks of PromQL, one after the other with an empty line
/// between.
pub(crate) fn queries(page: &str) -> Vec<Query> {
    let queries = blocks(page, "promql")
        .into_iter()
        .flat_map(|(section, block)| {
            let queries = block.split("\n\n").filter(|query| !query.trim().is_empty());
            let queries = queries.map(|query| Query {
                section: section.clone(),
                expression: query.trim().to_owned(),
                may_be_empty: query.contains(NOTHING_YET),
            });
            queries.collect::<Vec<_>>()
        });
    queries.collect()
}

/// The fenced blocks of a language, each with the heading above it.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<(String, String)> {
    let opening = format!("```{language}");
    let (mut section, mut open) = (String::new(), None::<String>);
    let mut is_in_other = false;
    let mut blocks = Vec::new();
    for line in page.lines() {
        match &mut open {
            Some(block) if line == "```" => {
                blocks.push((section.clone(), std::mem::take(block)));
                open = None;
            }
            Some(block) => block.push_str(&format!("{line}\n")),
            None if !is_in_other && line == opening => open = Some(String::new()),
            None if line.starts_with("```") => is_in_other = !is_in_other,
            None if !is_in_other && line.starts_with('#') => {
                section = line.trim_start_matches('#').trim().to_owned();
            }
            None => {}
        }
    }
    blocks
}

/// The text under a heading, up to the next one.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n### {heading}\n"))?;
    let ends = ["\n## ", "\n### "].map(|next| rest.find(next).unwrap_or(rest.len()));
    rest.get(..ends.into_iter().min()?)
}

/// The anchor that a heading is reached by.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_within_the_page_leads_to_a_heading() {
    let page = operations();
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchors: Vec<_> = headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();

    let links = page
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let broken: Vec<_> = links
        .filter(|link| !anchors.iter().any(|anchor| anchor == link))
        .collect();

    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn queries_are_read_with_their_headings() {
    let page = "# A\n```sh\n# not a heading\n```\n## B\n```promql\n# more\nup\n\n\
                # nothing while all is well\nup > 1\n```\n### C\nx\n```promql\nsum(\n  up\n)\n```\n";

    let found = queries(page);

    let query = |section: &str, expression: &str, may_be_empty| Query {
        section: section.to_owned(),
        expression: expression.to_owned(),
        may_be_empty,
    };
    assert_eq!(
        found,
        [
            query("B", "# more\nup", false),
            query("B", "# nothing while all is well\nup > 1", true),
            query("C", "sum(\n  up\n)", false),
        ]
    );
    assert_eq!(
        section(page, "C"),
        Some("x\n```promql\nsum(\n  up\n)\n```\n")
    );
}
