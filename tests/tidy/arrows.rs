//! Who may know whom. A room is a folder or file at the top of a crate.

use crate::source::{module_of, paths};
use crate::tree::{Tree, holds, sees};

/// The service: each room with the rooms that it may name.
const SERVICE: &[(&str, &[&str])] = &[
    // What begins everything.
    ("lib", &[]),
    ("main", &["cli"]),
    (
        "cli",
        &[
            "audit",
            "backend::base_url",
            "catalog",
            "clock",
            "config",
            "demo",
            "printable",
            "problems",
            "rehearsal",
            "serve",
            "store",
            "text_file",
        ],
    ),
    // A visitor: it starts processes and asks them over HTTP, like anybody else.
    ("demo", &["shutdown"]),
    (
        "serve",
        &[
            "admission",
            "api",
            "audit",
            "backend",
            "catalog",
            "clock",
            "config",
            "entropy",
            "listen",
            "orchestrator",
            "phase",
            "problems",
            "shutdown",
            "store",
            "telemetry",
            "workers",
        ],
    ),
    (
        "workers",
        &["api", "backend", "listen", "orchestrator", "store"],
    ),
    ("shutdown", &["phase"]),
    // What is reached from outside, and what is shown.
    (
        "api",
        &[
            "clock",
            "console",
            "entropy",
            "envelope",
            "openapi",
            "orchestrator",
            "phase",
            "spans",
            "telemetry",
            "trace_context",
            "web_page",
        ],
    ),
    // What the routes are, in words: it knows the codes and nothing of what answers.
    ("openapi", &["orchestrator::code", "web_page"]),
    ("console", &["web_page"]),
    (
        "telemetry",
        &[
            "clock",
            "entropy",
            "orchestrator",
            "printable",
            "spans",
            "trace_context",
        ],
    ),
    // What is kept for whoever asks later what was done.
    ("audit", &["clock", "orchestrator", "telemetry::metrics"]),
    // The only place where the three below meet.
    (
        "orchestrator",
        &[
            "admission",
            "backend",
            "catalog",
            "clock",
            "entropy",
            "envelope",
            "spans",
            "store",
        ],
    ),
    // A protocol tried out: the machine without the service around it.
    (
        "rehearsal",
        &[
            "backend::encoding",
            "entropy",
            "envelope",
            "orchestrator",
            "problems",
            "trace_context",
        ],
    ),
    ("admission", &["clock"]),
    ("backend", &["trace_context"]),
    ("store", &["clock", "spans"]),
    // What is read before anything starts.
    (
        "config",
        &[
            "admission::options",
            "backend::base_url",
            "catalog",
            "problems",
            "text_file",
        ],
    ),
    ("catalog", &["problems", "text_file"]),
    // What knows nobody, or next to nobody.
    ("envelope", &["trace_context"]),
    ("trace_context", &["entropy"]),
    ("clock", &[]),
    ("entropy", &[]),
    ("listen", &[]),
    ("phase", &[]),
    ("printable", &[]),
    ("problems", &[]),
    ("spans", &[]),
    ("text_file", &[]),
    ("web_page", &[]),
];

/// The core: `flow` stands on `protocol`, `json` is under both, `control` is alone.
const CORE: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("flow", &["json", "protocol"]),
    ("protocol", &["json", "rfc3339"]),
    ("control", &[]),
    ("json", &[]),
    ("rfc3339", &[]),
];

struct House {
    folder: &'static str,
    names: &'static [&'static str],
    rooms: &'static [(&'static str, &'static [&'static str])],
}

const HOUSES: [House; 2] = [
    House {
        folder: "src/",
        names: &["appattest_integrator"],
        rooms: SERVICE,
    },
    House {
        folder: "core/src/",
        names: &["integrator_core"],
        rooms: CORE,
    },
];

fn forbidden_arrows(tree: &Tree) -> Vec<String> {
    HOUSES
        .iter()
        .flat_map(|house| house.violations(tree))
        .collect()
}

impl House {
    fn violations(&self, tree: &Tree) -> Vec<String> {
        let mut violations = Vec::new();
        for file in tree.rust_under(self.folder) {
            let inside = file.path.strip_prefix(self.folder).unwrap_or(&file.path);
            let module = module_of(inside);
            let top = inside.split('/').next().unwrap_or(inside);
            let room = top.strip_suffix(".rs").unwrap_or(top);
            let Some(allowed) = self.allowed(room) else {
                violations.push(format!(
                    "{}: room '{room}' has no row in the table of arrows",
                    file.path
                ));
                continue;
            };
            for named in paths(&file.text, &module, self.names) {
                let own = named.own || matches!(room, "lib" | "main");
                let Some(target) = named.segments.first().filter(|_| own) else {
                    continue;
                };
                let path = named.segments.join("::");
                let is_allowed = |arrow: &str| {
                    let rest = path.strip_prefix(arrow);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
                };
                if target != room
                    && self.allowed(target).is_some()
                    && !allowed.iter().any(|arrow| is_allowed(arrow))
                {
                    violations.push(format!(
                        "{}:{}: {room} may not name {path}; it may name: {}",
                        file.path,
                        named.line,
                        allowed.join(", ")
                    ));
                }
            }
        }
        violations
    }

    fn allowed(&self, room: &str) -> Option<&'static [&'static str]> {
        self.rooms
            .iter()
            .find(|(name, _)| *name == room)
            .map(|(_, allowed)| *allowed)
    }
}

#[test]
fn rooms_know_only_the_rooms_that_they_may() {
    let tree = Tree::of_repository();
    holds(
        "arrows between rooms (tests/tidy/arrows.rs)",
        &forbidden_arrows(&tree),
    );
}

#[test]
fn an_arrow_that_is_not_allowed_is_seen_in_every_spelling() {
    let tree = Tree::planted(&[
        (
            "src/api/mod.rs",
            "use crate::store::Census; use crate::orchestrator::Census as C;",
        ),
        ("src/backend/client.rs", "fn f() { crate::store::open() }"),
        (
            "src/store/sqlite.rs",
            "use super::super::{clock, backend::{error}};",
        ),
        (
            "src/phase.rs",
            "mod tests { use super::super::listen::bind; }",
        ),
        ("src/main.rs", "use appattest_integrator::serve;"),
        ("src/lib.rs", "pub mod store; pub use store::FlowStore;"),
        (
            "src/config/mod.rs",
            "use crate::backend::base_url::BaseUrl; use crate::backend::client::Options;",
        ),
        ("src/attic.rs", ""),
        ("core/src/json/scan.rs", "use crate::protocol::Step;"),
        (
            "core/src/protocol/step.rs",
            "use crate::json::Value; use crate::flow::record::Flow;",
        ),
        (
            "core/src/flow/record.rs",
            "use crate::protocol::Step; // crate::control::pid",
        ),
    ]);
    sees(
        &forbidden_arrows(&tree),
        &[
            "src/api/mod.rs:1: api may not name store::Census",
            "src/backend/client.rs:1: backend may not name store::open",
            "src/store/sqlite.rs:1: store may not name backend::error",
            "src/phase.rs:1: phase may not name listen::bind",
            "src/main.rs:1: main may not name serve",
            "src/lib.rs:1: lib may not name store::FlowStore",
            "src/config/mod.rs:1: config may not name backend::client::Options",
            "room 'attic' has no row",
            "core/src/json/scan.rs:1: json may not name protocol::Step",
            "core/src/protocol/step.rs:1: protocol may not name flow::record::Flow",
        ],
    );
}
