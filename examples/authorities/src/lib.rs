//! What the authorities of the examples share: listening, one recorded answer for each idempotency
//! key, answers and refusals, state, names and time, persons, keys, money; and parts of the larger
//! authorities.

#![forbid(unsafe_code)]

pub mod advice;
pub mod answer;
pub mod deliveries;
pub mod fresh;
pub mod host;
pub mod idempotency;
pub mod keys;
pub mod listen;
pub mod money;
pub mod order;
pub mod person;
pub mod public_dialect;
pub mod state;
pub mod suggestion;
