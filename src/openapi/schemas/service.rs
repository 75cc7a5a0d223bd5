//! What the service tells of itself.

use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{Shape, closed, integer, one_of, pattern, text};

pub(super) fn all() -> [(&'static str, Shape); 3] {
    let live = [("status", Always, one_of("It answers.", ["live"]))];
    let ready = [("status", Always, one_of("It serves.", ["ready"]))];
    [
        ("Health", health()),
        ("Live", closed("The process answers.", live)),
        ("Ready", closed("The instance takes requests.", ready)),
    ]
}

fn health() -> Shape {
    let counted = "All flows stored, of all instances that share the store.";
    let ended = "Those of them that have ended and are not removed yet.";
    let durability = "What acknowledged writes survive.";
    let classes = [
        "process",
        "store_process",
        "minutes",
        "second",
        "power_loss",
        "failover",
        "unknown",
    ];
    let digest = pattern("SHA-256 of the program, where it is known.", "^[0-9a-f]+$");
    closed(
        "What this instance is, and what its store is and holds.",
        [
            (
                "status",
                Always,
                one_of("It answers, and so does its store.", ["ok"]),
            ),
            (
                "uptimeSeconds",
                Always,
                integer("Since the process started.", 0).into(),
            ),
            ("flowCount", Always, integer(counted, 0).into()),
            ("terminalFlowCount", Always, integer(ended, 0).into()),
            (
                "storeKind",
                Always,
                one_of("The store.", ["memory", "sqlite", "redis", "postgres"]),
            ),
            ("storeDurability", Always, one_of(durability, classes)),
            (
                "backendBaseURL",
                Always,
                text("The default backend's address.").into(),
            ),
            ("version", Always, text("The version of the build.").into()),
            ("buildSha256", Sometimes, digest.into()),
        ],
    )
}
