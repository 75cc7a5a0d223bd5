//! Pages that are served: a document with its style and its script inside, and the policy under
//! which a browser lets it run these, load nothing, and talk to nobody but its own origin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A page and the policy that goes with it.
pub(crate) struct WebPage {
    /// The document.
    pub(crate) html: String,
    /// Its `Content-Security-Policy`.
    pub(crate) policy: String,
}

impl WebPage {
    /// A document with the texts of the one `style` and the one `script` that stand in it.
    #[must_use]
    pub(crate) fn new(html: String, style: &str, script: &str) -> Self {
        let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; \
             connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            digest(script),
            digest(style)
        );
        Self { html, policy }
    }
}
