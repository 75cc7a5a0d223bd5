//! `protocol new`: a definition to start from, whose comments teach the grammar, and a scenario
//! that goes with it.

use integrator_core::protocol::compile;
use toml::Value;

const DEFINITION: &str = include_str!("starter/definition.toml");
const SCENARIO: &str = include_str!("starter/scenario.toml");

/// What stands in the texts for the name, and for the title with its quotes.
const NAME: &str = "@NAME@";
const TITLE: &str = "\"@TITLE@\"";

/// The definition, or the scenario; or why the name or the title cannot be used.
pub(super) fn text(name: &str, title: Option<&str>, scenario: bool) -> Result<String, String> {
    let title = title.map_or_else(|| titled(name), ToOwned::to_owned);
    let definition = filled(DEFINITION, name, &title);
    let file = format!("{name}.toml");
    compile(&file, &definition, "").map_err(|problems| {
        let told = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.key, problem.message));
        told.collect::<Vec<_>>().join("\n")
    })?;
    let template = if scenario {
        SCENARIO
    } else {
        return Ok(definition);
    };
    Ok(filled(template, name, &title))
}

fn filled(template: &str, name: &str, title: &str) -> String {
    let title = Value::String(title.to_owned()).to_string();
    template.replace(NAME, name).replace(TITLE, &title)
}

/// A name as a title: `gift-card` is `Gift card`.
fn titled(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut characters = words.chars();
    let first = characters.next();
    first
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(characters)
        .collect()
}
