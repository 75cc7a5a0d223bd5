//! Zero authority by construction: what the integrator is linked with cannot verify a signature
//! or take an attestation apart, because no library that could is in its tree; TLS aside.

use std::process::Command;

use crate::tree::{holds, root, sees};

/// Libraries that verify, decrypt, or parse what only the party with authority looks into. A name
/// that ends in `*` stands for all that begin so.
const AUTHORITY: [&str; 35] = [
    "appattest-backend",
    "asn1*",
    "bcder",
    "biscuit",
    "ciborium*",
    "cms",
    "coset",
    "cose*",
    "der",
    "der-parser",
    "dsa",
    "ecdsa",
    "ed25519*",
    "ed448*",
    "elliptic-curve",
    "jsonwebtoken",
    "josekit",
    "jwt*",
    "k256",
    "minicbor*",
    "oid-registry",
    "openssl",
    "openssl-sys",
    "p256",
    "p384",
    "p521",
    "pkcs*",
    "rasn*",
    "rcgen",
    "rsa",
    "schnorrkel",
    "serde_cbor*",
    "standardwebhooks",
    "webauthn*",
    "x509-*",
];
/// More of them, by other reasons: a second TLS, decoders of bodies, jars of cookies.
const UNWANTED: [&str; 8] = [
    "async-compression",
    "boring*",
    "brotli*",
    "cookie*",
    "flate2",
    "native-tls",
    "ruzstd",
    "zstd*",
];
/// Libraries that TLS stands on, each with those that alone may depend on it directly.
const TLS: [(&str, &[&str]); 4] = [
    ("aws-lc-rs", &["rustls", "rustls-webpki"]),
    ("aws-lc-sys", &["aws-lc-rs"]),
    ("ring", &["rustls", "rustls-webpki"]),
    ("rustls-webpki", &["rustls", "rustls-platform-verifier"]),
];
/// Features of reqwest that would look into a body or keep what a backend sets.
const REQWEST: [&str; 6] = ["brotli", "cookies", "deflate", "gzip", "json", "zstd"];
/// All that the core may be linked with.
const CORE: [&str; 17] = [
    "bytes",
    "integrator-core",
    "jiff",
    "jiff-core",
    "proc-macro2",
    "quote",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_spanned",
    "syn",
    "thiserror",
    "thiserror-impl",
    "toml",
    "toml_*",
    "unicode-ident",
    "winnow",
];

/// One line of `cargo tree --prefix depth -f "|{p}|{f}"`.
#[derive(Debug)]
struct Line {
    depth: usize,
    name: String,
    features: Vec<String>,
}

fn cargo_tree(package: &str) -> Vec<Line> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "depth",
        ])
        .args(["--no-dedupe", "--format", "|{p}|{f}"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {told}");
    let lines = lines(&String::from_utf8_lossy(&output.stdout));
    assert!(
        lines.first().is_some_and(|line| line.name == package),
        "{package} is not the root of its tree"
    );
    lines
}

fn lines(text: &str) -> Vec<Line> {
    let line = |line: &str| {
        let mut parts = line.split('|');
        let depth = parts.next()?.parse().ok()?;
        let name = parts.next()?.split(' ').next()?.to_owned();
        let features = parts.next()?.split(',').map(str::to_owned).collect();
        Some(Line {
            depth,
            name,
            features,
        })
    };
    text.lines().filter_map(line).collect()
}

fn is_one_of(name: &str, patterns: &[&str]) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(front) => name.starts_with(front),
            None => name == *pattern,
        })
}

/// Every violation once, with the way that leads to it.
fn authority_in(lines: &[Line]) -> Vec<String> {
    let mut violations: Vec<String> = Vec::new();
    let mut way: Vec<&str> = Vec::new();
    for line in lines {
        way.truncate(line.depth);
        let parent = way.last().copied().unwrap_or_default();
        let name = line.name.as_str();
        way.push(name);
        let tls = TLS.iter().find(|(library, _)| *library == name);
        let is_above_tls = tls.is_some_and(|(_, parents)| !parents.contains(&parent));
        let forbidden = line
            .features
            .iter()
            .find(|feature| name == "reqwest" && REQWEST.contains(&feature.as_str()));
        let violation = match forbidden {
            Some(feature) => format!("reqwest has its feature '{feature}'"),
            None if is_above_tls || is_one_of(name, &AUTHORITY) || is_one_of(name, &UNWANTED) => {
                way.join(" > ")
            }
            None => continue,
        };
        let is_known =
            |known: &String| known == &violation || known.ends_with(&format!("> {name}"));
        if !violations.iter().any(is_known) {
            violations.push(violation);
        }
    }
    violations
}

fn strangers_in_core(lines: &[Line]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| !is_one_of(&line.name, &CORE))
        .map(|line| format!("the core is linked with {}", line.name))
        .collect()
}

#[test]
fn the_integrator_is_linked_with_nothing_that_could_decide() {
    let lines = cargo_tree("appattest-integrator");
    holds("zero authority by construction", &authority_in(&lines));
}

#[test]
fn a_library_that_could_decide_is_seen_however_deep() {
    let told = "0|appattest-integrator v0 (/here)|\n1|reqwest v0|rustls,gzip\n2|rustls v0|\n\
                3|aws-lc-rs v1|\n4|aws-lc-sys v0|\n3|rustls-webpki v0|\n4|aws-lc-rs v1|\n\
                1|aws-lc-rs v1|\n1|a v1|\n2|x509-cert v0|\n1|b v1|\n2|x509-cert v0|\n1|order v1|";
    sees(
        &authority_in(&lines(told)),
        &[
            "reqwest has its feature 'gzip'",
            "appattest-integrator > aws-lc-rs",
            "appattest-integrator > a > x509-cert",
        ],
    );
}

#[test]
fn the_laws_names_are_those_of_the_authoritys_own_libraries() {
    let seen = authority_in(&cargo_tree("appattest-backend"));
    for library in ["p256", "p384", "x509-cert", "minicbor", "ecdsa", "der"] {
        let is_library = |violation: &&String| violation.ends_with(&format!("> {library}"));
        assert!(
            seen.iter().any(|violation| is_library(&violation)),
            "{library} in {seen:#?}"
        );
    }
}

#[test]
fn the_library_that_checks_webhooks_is_one_that_the_integrator_may_not_have() {
    let seen = authority_in(&cargo_tree("integrator-authorities"));

    let is_library = |violation: &String| violation.ends_with("> standardwebhooks");
    assert!(seen.iter().any(is_library), "{seen:#?}");
}

#[test]
fn the_core_is_linked_with_little() {
    holds(
        "libraries of the core",
        &strangers_in_core(&cargo_tree("integrator-core")),
    );
    sees(
        &strangers_in_core(&lines("0|integrator-core v0|\n1|tokio v1|")),
        &["tokio"],
    );
}
