//! What the whole service promises, in one binary.

mod attempts;
mod attestation;
mod certificates;
mod cli;
mod commit;
mod config;
mod errors;
mod fencing;
mod harness;
mod hold;
mod hostile;
mod joining;
mod keyed;
mod order;
mod panics;
mod process;
mod replay;
mod shell;
mod steps;
