//! What configuration and protocols must say to each other, and what is doubtful between them.

use integrator_core::flow::lifecycle::SETTLE_ALLOWANCE;
use integrator_core::protocol::Protocol;

use super::{Config, backends, registry};
use crate::catalog::Catalog;
use crate::problems::Problem;

/// Protocols whose backend is none of those that are configured; `remedy` is what is to be done
/// with a section for it.
pub(super) fn strangers(configured: &[&str], catalog: &Catalog, remedy: &str) -> Vec<Problem> {
    let unknown = |protocol: &&Protocol| !configured.contains(&protocol.backend());
    let protocols = catalog.iter().map(AsRef::as_ref).filter(unknown);
    protocols
        .map(|protocol| stranger(configured, catalog, protocol, remedy))
        .collect()
}

fn stranger(configured: &[&str], catalog: &Catalog, protocol: &Protocol, remedy: &str) -> Problem {
    let (name, backend) = (protocol.name(), protocol.backend());
    let meant = registry::nearest(backend, configured.iter().copied());
    let meant = meant
        .map(|meant| format!(" (did you mean {meant}?)"))
        .unwrap_or_default();
    Problem::new(format!(
        "{}{}: protocol {name} asks the backend {backend}, which is not configured{meant}; \
         configured: {}; {remedy} [{}.{backend}]",
        catalog.origin(name).unwrap_or_default(),
        line_of_backend(protocol.definition()),
        configured.join(", "),
        backends::SECTION,
    ))
}

/// `:LINE` of the key `backend`, which stands above all tables.
fn line_of_backend(definition: &str) -> String {
    let mut lines = (1..).zip(definition.lines());
    let line = lines.find(|(_, line)| line.trim_start().starts_with("backend"));
    line.map_or_else(String::new, |(number, _)| format!(":{number}"))
}

/// What is allowed but doubtful in the protocols, by themselves and before this configuration.
pub(super) fn doubts(config: &Config, catalog: &Catalog) -> Vec<String> {
    let mut doubts = catalog.warnings().to_vec();
    doubts.extend(slow_backends(config, catalog));
    doubts
}

/// Protocols whose flows end before a call to their backend has to.
fn slow_backends(config: &Config, catalog: &Catalog) -> Vec<String> {
    let slow = |protocol: &Protocol| {
        let (name, backend, ttl) = (protocol.name(), protocol.backend(), protocol.ttl());
        let timeout = config.backends.get(backend)?.timeout;
        (timeout + SETTLE_ALLOWANCE > ttl).then(|| {
            format!(
                "backends.{backend}.timeout_ms: one call may take {} ms and its settling 2 s more, but a flow of the protocol \
                 {name} ends after {} ms; slow answers will be dropped",
                timeout.as_millis(),
                ttl.as_millis()
            )
        })
    };
    catalog
        .iter()
        .filter_map(|protocol| slow(protocol))
        .collect()
}

/// That shutting down would cut off a call that is still in its time.
pub(super) fn short_grace(config: &Config) -> Option<String> {
    let grace = config.server.shutdown_grace;
    let (name, slowest) = config
        .backends
        .iter()
        .max_by_key(|(_, backend)| backend.timeout)?;
    let lease = slowest.timeout + SETTLE_ALLOWANCE;
    (grace < lease).then(|| {
        format!(
            "server.shutdown_grace_ms: {} ms is less than a call to the backend {name} may hold its \
             flow ({} ms); shutting down may cut it off",
            grace.as_millis(),
            lease.as_millis()
        )
    })
}
