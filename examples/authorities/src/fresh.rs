//! What an authority draws from the world: names that nobody can guess, and the time.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// A name that was never given before: `pay_` and 32 hexadecimal digits.
#[must_use]
pub fn name(prefix: &str) -> String {
    format!("{prefix}_{}", id().simple())
}

/// The same as a UUID, where its bytes are wanted.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "an authority is a process of its own and draws its own randomness, here alone"
)]
pub fn id() -> Uuid {
    Uuid::new_v4()
}

/// A code of six digits.
#[must_use]
pub fn code() -> String {
    format!("{:06}", id().as_u128() % 1_000_000)
}

/// The wall time.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "an authority is a process of its own and reads its own clock, here alone"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// So many seconds after `time`, held at the end of the calendar.
#[must_use]
pub fn later(time: Timestamp, seconds: u32) -> Timestamp {
    let later = time.checked_add(SignedDuration::from_secs(i64::from(seconds)));
    later.unwrap_or(Timestamp::MAX)
}
