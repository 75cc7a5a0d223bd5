//! What a multi-step protocol is: data, compiled and proved before it runs.
//!
//! A definition (TOML) names states, steps, what each step sends and what each
//! answer means. [`compile()`] makes of it a [`Protocol`], an immutable table
//! that the flow machine reads; [`classify`] says which declared outcome an
//! answer selects, and [`read_body`] with [`check_members`] what a request may
//! hold. A protocol that compiles has no unreachable state, no dead end, no
//! shadowed rule, and nothing attached or put into a path that could be missing.

mod by_name;
mod call_text;
pub mod compile;
mod definition;
pub mod duration;
pub mod graph;
pub mod limits;
pub mod members;
pub mod name;
pub mod outcome;
pub mod problem;
mod prove;
mod read;
mod source;
pub mod step;
pub mod table;
pub mod words;

pub use compile::{Compiled, compile};
pub use members::{Body, InvalidInput, check_members, read_body};
pub use outcome::{Classified, Outcome, classify};
pub use problem::Problem;
pub use step::{Method, PathPiece, PathTemplate, Sends, Source, Step, Unknown};
pub use table::{Protocol, StateId, StepId};
