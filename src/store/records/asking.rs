//! Asking a database within bounds: of time, and of how much is asked at once.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::flows::RecordedFlows;
use crate::store::operations::StoreError;

/// How many operations one runtime may have under way; more wait for a place.
pub(super) const PLACES: usize = 1024;

impl RecordedFlows {
    /// Asks the database, within bounds of time and number.
    pub(super) async fn ask<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if self.standing.prepared().is_none() {
            let trouble = self.standing.trouble();
            return Err(trouble.unwrap_or_else(|| StoreError::unavailable("it is not ready yet")));
        }
        let asked = async {
            let _place = self.places.acquire().await;
            operation.await
        };
        within(self.patience, asked).await
    }

    /// The same for what only reads, which is asked again once: a connection that broke while
    /// nobody used it is found out by the first who does.
    pub(super) async fn read<T, F>(
        &self,
        operation: impl Fn() -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
        T: Send,
    {
        let until = Instant::now() + self.patience;
        let first = self.ask(operation()).await;
        if !matches!(first, Err(StoreError::Unavailable { .. })) {
            return first;
        }
        // Where no time is left for another try, the first one knows what happened.
        let again = timeout_at(until, self.ask(operation())).await;
        again.unwrap_or(first)
    }

    /// The same for the heartbeat: whether it could be written tells whether the store is fit for
    /// flows. What one caller's operation meets tells nothing about all others.
    pub(super) async fn judge<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let written = self.ask(operation).await;
        match &written {
            Ok(_) => self.standing.is_well(),
            Err(StoreError::Unavailable { cause }) => self.standing.has_trouble(cause.clone()),
            Err(StoreError::Unreadable { .. }) => {}
        }
        written
    }
}

/// An operation within a bound of time.
pub(super) async fn within<T>(
    patience: Duration,
    operation: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(patience, operation).await.unwrap_or_else(|_| {
        let patience = patience.as_millis();
        Err(StoreError::unavailable(format!(
            "no answer within {patience} ms"
        )))
    })
}
