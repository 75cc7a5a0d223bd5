//! What a step costs in instructions: other load on the machine does not change it.

use std::net::SocketAddr;
use std::path::Path;

use crate::round::{STEPS, run};
use crate::service::Service;

/// Flows whose count is taken off, with what the start and the first use of everything cost.
const WARM: usize = 100;
/// Callers at a time.
const CLIENTS: usize = 4;

/// A service whose instructions are counted.
pub(crate) struct Counted<'a> {
    pub(crate) name: &'static str,
    pub(crate) program: &'a Path,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Counted<'_> {
    /// Instructions per step, of so many flows.
    async fn per_step(&self, backend: SocketAddr, flows: usize) -> u64 {
        let few = self.all(backend, WARM).await;
        let many = self.all(backend, WARM + flows).await;
        let steps = u64::try_from(flows * STEPS).expect("a number of steps");
        many.saturating_sub(few) / steps
    }

    /// Instructions from the start to the end of a service that is asked for so many flows.
    async fn all(&self, backend: SocketAddr, flows: usize) -> u64 {
        let service = Service::start_counted(self.program, backend, &self.variables);
        let round = run(service.address, flows, CLIENTS).await;
        assert_eq!(round.given_up, 0, "memory takes every flow");
        let written = service.end();
        let told = written
            .lines()
            .find_map(|line| line.split_once("Collected :"));
        let told = told.and_then(|(_, count)| count.trim().parse().ok());
        told.unwrap_or_else(|| panic!("callgrind tells no count: {written}"))
    }
}

/// Counts all of them, one after the other, and prints the table.
pub(crate) async fn measure(
    what: &str,
    backend: SocketAddr,
    flows: usize,
    candidates: &[Counted<'_>],
) {
    println!("{flows} flows of three steps, what {WARM} flows and the start cost taken off");
    println!("| {what} | instructions per step |");
    println!("| --- | --- |");
    for candidate in candidates {
        let count = candidate.per_step(backend, flows).await;
        println!("| {} | {count} |", candidate.name);
    }
}
