//! Backends as plants: what they do with the calls that they are given.

mod backend;
mod linear;
mod queue;
mod service;

use std::fmt;
use std::time::Duration;

pub use backend::{Arrival, Backend, Disturbance, Trouble};
pub use linear::Linear;
pub use queue::{Knee, Queue};
pub use service::{Jitter, Service};

/// The number of a call in its run.
pub type CallNumber = usize;

/// A plant would not take a call: as many wait as it can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What works on calls. Whether anybody still waits for an answer, it does not know.
pub trait Plant: fmt::Debug + Send {
    /// Takes a call. Work that begins now takes `slowness` times as long as it would.
    ///
    /// # Errors
    ///
    /// When it holds as many calls as it can.
    fn arrive(&mut self, now: Duration, call: CallNumber, slowness: f64) -> Result<(), Full>;

    /// When the next call ends.
    fn next_at(&self) -> Option<Duration>;

    /// Ends the next call, and begins what waited for it.
    fn end(&mut self, slowness: f64) -> Option<CallNumber>;

    /// How many calls it holds.
    fn holds(&self) -> usize;

    /// Loses all that it holds.
    fn crash(&mut self) -> Vec<CallNumber>;
}
