//! The shipped protocols, each run for real: the service's own process, with the definitions as
//! they are shipped, in front of a process that can say no.

#![forbid(unsafe_code)]

mod ai_advisory;
mod counterparts;
mod device;
mod dialect;
mod direct;
mod enrollment;
mod harness;
mod oauth_device;
mod operator;
mod order;
mod pairing;
mod payment_authorization;
mod provisioning;
mod session;
mod tutorial;
mod webauthn;
