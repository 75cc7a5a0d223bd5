//! `GET /v1/flows/{flowHandle}/events`: a flow as it moves.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod bounds;
mod damage;
mod instances;
mod order;
mod resume;
mod verbatim;
