//! One run of a protocol: its record, its lives, and the machine that alone changes it.

pub mod answer;
pub mod history;
pub mod ids;
pub mod lifecycle;
pub mod machine;
pub mod message;
pub mod persisted;
pub mod record;
pub mod refusal;
mod sources;
pub mod time;
