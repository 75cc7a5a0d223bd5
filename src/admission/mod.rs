//! The gate in front of a backend: samples in, admit or say when.
//!
//! One [`Gate`] for each backend and process, shared by all runtimes. It times every call, and
//! holds requests back so that the backend's latency stays near its target; how much may pass is
//! the control law's to say (`core/src/control/`). Where admission control is off there is no gate
//! at all, and nothing is asked.
//!
//! A request that may pass gets a [`Permit`]. Whoever drops it without making the call gives its
//! token back. One whose call leaves becomes [`UnderWay`], which is told how the call ended; cut
//! off, it leaves no sample.

mod decision;
mod gate;
mod gates;
pub mod options;
mod permit;
mod told;

pub use self::decision::{Class, Decided, Decision};
pub use self::gate::Gate;
pub use self::gates::Gates;
pub use self::permit::{Permit, UnderWay};
pub use self::told::{Limited, Reading, Turn};
