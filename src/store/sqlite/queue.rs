//! The way from a caller that awaits to a thread that waits for the disk.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::operations::StoreError;

/// How many operations may wait for one kind of thread.
pub(super) const CAPACITY: usize = 512;

/// An operation on its way.
pub(super) trait Task: Send {
    /// Whether anybody still waits for its outcome.
    fn is_awaited(&self) -> bool;

    /// Does it and keeps the outcome. Why it failed, if it did.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Gives the outcome to whoever waits: the operation's own, or the failure of what it was
    /// done with together.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

struct Operation<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Task for Operation<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let outcome = work(connection);
        let failed = outcome.as_ref().err().cloned();
        self.outcome = Some(outcome);
        failed.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let outcome = match (failure, self.outcome) {
            (None, Some(outcome)) | (Some(_), Some(outcome @ Err(_))) => outcome,
            (Some(failure), _) => Err(failure.clone()),
            (None, None) => Err(StoreError::unavailable("the operation was not begun")),
        };
        // Nobody waits any more where this fails, and nobody is to be told.
        let _ = self.reply.send(outcome);
    }
}

/// Where operations are put.
pub(super) struct Queue {
    sender: SyncSender<Box<dyn Task>>,
}

impl Queue {
    /// A queue and the end that a thread takes from.
    pub(super) fn new() -> (Self, Receiver<Box<dyn Task>>) {
        let (sender, receiver) = sync_channel(CAPACITY);
        (Self { sender }, receiver)
    }

    /// Puts an operation in, and awaits what becomes of it. One that nobody awaits any more when
    /// its turn comes is not begun.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let operation = Operation {
            work: Some(work),
            outcome: None,
            reply,
        };
        self.sender
            .try_send(Box::new(operation))
            .map_err(|refused| match refused {
                TrySendError::Full(_) => StoreError::unavailable(format!(
                    "the store's queue is full: {CAPACITY} operations wait for the SQLite file"
                )),
                TrySendError::Disconnected(_) => ended(),
            })?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> StoreError {
    StoreError::unavailable(
        "the thread that works on the SQLite file has ended: restart the process",
    )
}
