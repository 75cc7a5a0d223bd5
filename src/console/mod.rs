//! The console: one page for whoever is on call, with its style and its script inside.
//!
//! The page carries no data. What it shows it asks of the routes that everybody has, so it can show
//! nothing that they do not tell, and its script is the whole of its power: the policy that it is
//! served under lets it run no other, load nothing, and talk to nobody but its own origin.

use std::sync::LazyLock;

use crate::web_page::WebPage;

const DOCUMENT: &str = include_str!("page/index.html");
const LOOK: &str = concat!(
    include_str!("page/look.css"),
    include_str!("page/verdict.css"),
    include_str!("page/panels.css"),
    include_str!("page/gates.css"),
    include_str!("page/one-flow.css"),
    include_str!("page/narrow.css"),
);
/// Each file is one idea; together they are one script, whose names are nobody else's.
const BEHAVIOUR: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("page/text.js"),
    include_str!("page/metrics.js"),
    include_str!("page/window.js"),
    include_str!("page/quantile.js"),
    include_str!("page/raw.js"),
    include_str!("page/trend.js"),
    include_str!("page/gates.js"),
    include_str!("page/summary.js"),
    include_str!("page/codes.js"),
    include_str!("page/causes.js"),
    include_str!("page/held.js"),
    include_str!("page/verdict.js"),
    include_str!("page/reading.js"),
    include_str!("page/dom.js"),
    include_str!("page/ask.js"),
    include_str!("page/judged.js"),
    include_str!("page/traffic.js"),
    include_str!("page/backend.js"),
    include_str!("page/store.js"),
    include_str!("page/admission.js"),
    include_str!("page/states.js"),
    include_str!("page/protocols.js"),
    include_str!("page/hits.js"),
    include_str!("page/oldest.js"),
    include_str!("page/find.js"),
    include_str!("page/answer.js"),
    include_str!("page/facts.js"),
    include_str!("page/flow.js"),
    include_str!("page/expire.js"),
    include_str!("page/poll.js"),
    include_str!("page/main.js"),
    "})();\n",
);

/// The page, made once.
pub(crate) fn page() -> &'static WebPage {
    static PAGE: LazyLock<WebPage> = LazyLock::new(|| {
        let html = DOCUMENT
            .replacen("{{look}}", LOOK, 1)
            .replacen("{{behaviour}}", BEHAVIOUR, 1);
        WebPage::new(html, LOOK, BEHAVIOUR)
    });
    &PAGE
}
