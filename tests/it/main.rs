//! What the whole service promises, in one binary.

mod attestation;
mod certificates;
mod cli;
mod config;
mod harness;
mod steps;
