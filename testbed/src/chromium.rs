//! The browser that tests show pages in.

use std::env;
use std::path::PathBuf;

/// What Debian, others and people with a whole Chrome call it.
const NAMES: [&str; 5] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome-headless-shell",
];

/// The first Chromium of the search path.
///
/// # Panics
///
/// Where there is none.
#[must_use]
pub fn chromium() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file());
    found.unwrap_or_else(|| {
        panic!("no Chromium is in the search path: scripts/test installs chromium-headless-shell")
    })
}
