//! What operators are given, held against the running service: rules, dashboard and playbook in a
//! real Prometheus, and an incident that they tell of and that the playbook ends.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod backend;
mod clients;
mod dashboard;
mod gate;
mod incident;
mod page;
mod queries;
mod rules;
mod scaled;
mod scene;
