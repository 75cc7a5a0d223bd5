//! `[ops]`: a listener of its own for operators.

use std::net::SocketAddr;

use super::server;
use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

const LISTEN: &str = "ops.listen";

pub(super) const SETTINGS: &[Setting] = &[Setting::new(
    LISTEN,
    Kind::Address,
    Feature::Service,
    "Address and port of the operators' routes; without it they are on `server.listen`.",
)];

/// The listener for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ops {
    /// Address and port; without it the operators' routes are on the main listener.
    pub listen: Option<SocketAddr>,
}

impl Ops {
    pub(super) fn assemble(settled: &Settled) -> Ops {
        Ops {
            listen: settled.address(LISTEN).ok(),
        }
    }
}

pub(super) fn contradictions(settled: &Settled) -> Vec<Problem> {
    let same = settled.address(LISTEN).is_ok_and(|ops| {
        ops.port() != 0
            && settled
                .address(server::LISTEN)
                .is_ok_and(|main| main == ops)
    });
    let same = same.then(|| {
        let text = format!(
            "is the address of {} ({}); give the operators' listener another port, or leave it out",
            server::LISTEN,
            settled.place(server::LISTEN)
        );
        Problem::at(LISTEN, settled.place(LISTEN), text)
    });
    same.into_iter()
        .chain(server::open_to_all(settled, LISTEN))
        .collect()
}
