//! `pairing-host`: a host that agrees with operators on keys, and asks its person.

mod invite;

use std::collections::HashMap;
use std::process::ExitCode;

use appattest_backend::clock::after;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, Outcome, ok};
use integrator_authorities::fresh::now;
use integrator_authorities::host::{self, Rate, refused};
use integrator_authorities::state::{Shared, lock};
use jiff::SignedDuration;
use serde::Deserialize;
use uuid::Uuid;

use crate::invite::{Decision, Invite, Judged, Request};

/// A host that pairs with operators: invites, requests that prove to know an invite's secret, and
/// the person's consent. It forgets everything when it ends.
#[derive(Parser)]
#[command(name = "pairing-host", version)]
struct Flags {
    #[command(flatten)]
    host: host::Common,
    /// How long an invite lives, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 600_000)]
    invite_ttl_ms: u32,
}

struct Host {
    limit: u32,
    invite_ttl: SignedDuration,
    rate: Rate,
    invites: HashMap<Uuid, Invite>,
}

/// What a request to an invite comes with.
type AnInvite = (Shared<Host>, Path<Uuid>);

fn main() -> ExitCode {
    let flags = Flags::parse();
    let person = get(screen).post(decide).delete(withdraw);
    let person = Router::new().route("/person/invites/{id}", person);
    let integrator = Router::new()
        .route("/pairing/invites", post(open))
        .route("/pairing/invites/{id}", get(told))
        .route("/pairing/invites/{id}/request", post(request))
        .route("/pairing/invites/{id}/confirm", post(confirm));
    let state = Host {
        limit: flags.host.limit,
        invite_ttl: SignedDuration::from_millis(flags.invite_ttl_ms.into()),
        rate: Rate::of(flags.host.requests_per_minute),
        invites: HashMap::new(),
    };
    host::run(flags.host, integrator, person, state)
}

async fn open(State(host): Shared<Host>) -> Outcome {
    let mut host = lock(&host);
    host.rate.admit(None, now())?;
    let expires_at = after(now(), host.invite_ttl);
    let invite = Invite::open(expires_at).map_err(refused)?;
    let id = invite.id;
    host.invites.insert(id, invite);
    Ok(host.judge(id, |invite| invite.told(now())))
}

async fn told((State(host), Path(id)): AnInvite) -> Answer {
    lock(&host).judge(id, |invite| invite.told(now()))
}

async fn request((State(host), Path(id)): AnInvite, Asked(asked): Asked<Request>) -> Answer {
    let mut host = lock(&host);
    let limit = host.limit;
    host.judge(id, |invite| invite.request(asked, limit, now()))
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "confirmation_base64")]
    proof: String,
}

async fn confirm((State(host), Path(id)): AnInvite, Asked(asked): Asked<Confirmation>) -> Answer {
    lock(&host).judge(id, |invite| invite.confirm(&asked.proof, now()))
}

async fn screen((State(host), Path(id)): AnInvite) -> Answer {
    lock(&host).judge(id, |invite| Ok(invite.screen()))
}

async fn decide((State(host), Path(id)): AnInvite, Asked(asked): Asked<Decision>) -> Answer {
    lock(&host).judge(id, |invite| invite.decide(&asked, now()))
}

async fn withdraw((State(host), Path(id)): AnInvite) -> Answer {
    lock(&host).judge(id, |invite| invite.withdraw(now()))
}

impl Host {
    fn judge(&mut self, id: Uuid, how: impl FnOnce(&mut Invite) -> Judged) -> Answer {
        let invite = self.invites.get_mut(&id).ok_or("UNKNOWN_INVITE");
        invite.and_then(how).map_or_else(refused, ok)
    }
}
