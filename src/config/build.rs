//! What the environment alone tells: the digest of this build, repeated by `GET /health`.

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;

const SHA256: &str = "build_sha256";

pub(super) const SETTINGS: &[Setting] = &[Setting::new(
    SHA256,
    Kind::Sha256,
    Feature::Service,
    "SHA-256 of this build, repeated by `GET /health`.",
)
.legacy("APP_ATTEST_BUILD_SHA256")];

/// The digest, in lower case, if there is one.
pub(super) fn sha256(settled: &Settled) -> Option<String> {
    settled.text(SHA256).ok().map(ToOwned::to_owned)
}
