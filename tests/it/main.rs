//! What the whole service promises, in one binary.

mod cli;
mod config;
