//! `check`: that configuration and protocols can be used, and what is doubtful about them.

use std::fmt::Write as _;

use crate::catalog::Catalog;
use crate::config::Config;

/// One line for the configuration, one for admission control, one for each protocol, one for each
/// warning.
pub(super) fn report(config: &Config, catalog: &Catalog) -> String {
    let backends: Vec<&str> = config.backends.keys().map(String::as_str).collect();
    let mut text = format!(
        "ok configuration: backends {}; store {}\n",
        backends.join(", "),
        config.store
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "ok admission: {}", config.admission_in_words());
    for protocol in catalog.iter() {
        let origin = catalog.origin(protocol.name()).unwrap_or_default();
        let steps = protocol.steps().len();
        let _ = writeln!(
            text,
            "ok protocol {}: {steps} steps, {origin}",
            protocol.name()
        );
    }
    for warning in &config.warnings {
        let _ = writeln!(text, "warning {warning}");
    }
    text
}
