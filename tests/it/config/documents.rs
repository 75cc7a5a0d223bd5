//! The documents say what the registry says: every key, and nothing else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use appattest_integrator::config::registry;
use appattest_integrator::config::setting::{Kind, Setting};
use appattest_integrator::config::{self, Sources};

use super::Layers;

const FILE: &str = include_str!("../../../config/integrator.toml");
const TABLE: &str = include_str!("../../../docs/CONFIGURATION.md");

#[test]
fn loading_the_file_that_is_shipped_is_loading_nothing() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let sources = Sources {
        directory: shipped,
        ..Sources::default()
    };
    let mut loaded = config::load(sources).unwrap();
    let nothing = Layers::none().config();
    loaded.protocols.dir = nothing.protocols.dir.clone();
    assert!(std::mem::take(&mut loaded.protocols.dir_is_named));
    assert_eq!(loaded, nothing);
}

#[test]
fn the_file_that_is_shipped_holds_every_key_with_its_range_and_its_default() {
    let mut entries = entries();
    for setting in registry::settings() {
        let path = setting.path.replace("NAME", "default");
        let entry = entries
            .remove(&path)
            .unwrap_or_else(|| panic!("{path} is not in the file"));
        let range = format!("Allowed: {}", setting.kind.allowed());
        assert!(
            entry.comment.contains(&range),
            "{path} does not say: {range}"
        );
        if let Some(variable) = setting.legacy {
            assert!(
                entry.comment.contains(variable),
                "{path} does not name {variable}"
            );
        }
        let said_on_purpose = setting.default.is_none() || path == "auth.mode";
        assert_eq!(entry.active, !said_on_purpose, "{path}");
        if let Some(default) = setting.default {
            assert_eq!(entry.value.trim_matches('"'), default, "{path}");
        }
    }
    assert!(
        entries.is_empty(),
        "not in the registry: {:?}",
        entries.keys()
    );
}

#[test]
fn the_table_of_the_documents_is_the_registry() {
    for setting in registry::settings().chain(registry::environment_only()) {
        let row = row(setting);
        assert!(TABLE.contains(&row), "docs/CONFIGURATION.md lacks:\n{row}");
    }
    let rows = TABLE.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        rows,
        registry::settings()
            .chain(registry::environment_only())
            .count()
    );
}

/// One key of the file that is shipped.
struct Entry {
    active: bool,
    value: String,
    comment: String,
}

/// Every key of the file, commented out or not, with the comment above it.
fn entries() -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    let (mut section, mut comment) = (String::new(), String::new());
    for line in FILE.lines() {
        let text = line.trim_start_matches("# ");
        if let Some(name) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.trim_matches(['[', ']']).to_owned();
            comment.clear();
        } else if let Some((key, value)) =
            text.split_once(" = ").filter(|(key, _)| !key.contains(' '))
        {
            let entry = Entry {
                active: text == line,
                value: value.to_owned(),
                comment: comment.clone(),
            };
            entries.insert(format!("{section}.{key}"), entry);
            comment.clear();
        } else {
            comment.push_str(text);
            comment.push(' ');
        }
    }
    entries
}

fn row(setting: &Setting) -> String {
    let code = |text: &str| format!("`{text}`");
    let is_variable_only = !setting.path.contains('.');
    let key = if is_variable_only {
        setting.legacy.map(code)
    } else {
        Some(code(setting.path))
    };
    let port = if setting.kind == Kind::Address {
        " (the port)"
    } else {
        ""
    };
    let legacy = setting
        .legacy
        .map(|name| format!("{}{port}", code(name)))
        .filter(|_| !is_variable_only);
    let default = setting.default.map(code);
    [
        key,
        Some(setting.kind.allowed()),
        default,
        legacy,
        Some(setting.meaning.to_owned()),
    ]
    .map(Option::unwrap_or_default)
    .map(|cell| {
        if cell.is_empty() {
            "| ".to_owned()
        } else {
            format!("| {cell} ")
        }
    })
    .concat()
        + "|"
}
