//! Examples, folded away until somebody wants them.

use utoipa::openapi::{Content, RefOr};

use super::Page;
use super::html::Html;
use super::kind::last;

/// Writes the examples of a body.
pub(super) fn examples(
    html: &mut Html,
    page: &Page<'_>,
    content: &Content,
) -> Result<(), serde_json::Error> {
    for example in content.examples.values() {
        let RefOr::Ref(reference) = example else {
            continue;
        };
        named(html, page, last(&reference.ref_location))?;
    }
    Ok(())
}

/// Writes the example of that name.
pub(super) fn named(html: &mut Html, page: &Page<'_>, name: &str) -> Result<(), serde_json::Error> {
    let Some(RefOr::T(example)) = page.components.examples.get(name) else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(&example.value)?;
    html.element("details", &[], |html| {
        html.element("summary", &[], |html| {
            html.text("Example: ").text(&example.summary);
        });
        html.element("pre", &[("tabindex", "0")], |html| {
            html.of("code", &text);
        });
    });
    Ok(())
}
