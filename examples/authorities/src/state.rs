//! What the requests of one authority share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;

/// The state of an authority, as its handlers take it.
pub type Shared<T> = State<Arc<Mutex<T>>>;

/// What [`Shared`] takes it out of.
pub fn shared<T>(state: T) -> Arc<Mutex<T>> {
    Arc::new(Mutex::new(state))
}

/// The state, for one request at a time.
pub fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
