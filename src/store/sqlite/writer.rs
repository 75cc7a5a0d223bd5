//! The one thread that writes. It takes all operations that wait into one transaction, so that
//! they share one write to the disk, and answers none before that write has succeeded.

use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::file::Identity;
use super::latest::Latest;
use super::queue::Task;
use super::writes;
use crate::store::operations::StoreError;

/// Most operations in one transaction: what a caller waits for others stays small.
const MOST: usize = 128;

/// Works until nobody can put an operation in any more, and closes the file.
pub(super) fn work(
    connection: Connection,
    queue: &Receiver<Box<dyn Task>>,
    latest: &Latest,
    identity: &Identity,
) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(MOST - 1));
        group.retain(|task| task.is_awaited());
        if group.is_empty() {
            continue;
        }
        let done = identity
            .is_still_there()
            .and_then(|()| commit(&connection, &mut group, latest));
        for task in group {
            task.answer(done.as_ref().err());
        }
    }
    // The last connection to close brings the write-ahead log into the file. Where it cannot, the
    // log stays beside the file and is read when the file is opened next.
    let _ = connection.close();
}

/// Does the operations in one transaction. One that fails is taken back alone; where this fails,
/// none has happened.
fn commit(
    connection: &Connection,
    group: &mut [Box<dyn Task>],
    latest: &Latest,
) -> Result<(), StoreError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for task in group {
        step(connection, "SAVEPOINT operation")?;
        if let Err(failed) = task.run(connection) {
            // Some failures end the transaction, and with it what the others did.
            if connection.is_autocommit() {
                return Err(failed);
            }
            step(connection, "ROLLBACK TO operation")?;
        }
        step(connection, "RELEASE operation")?;
    }
    if let Some(shown) = latest.get() {
        writes::shown(connection, shown)?;
    }
    Ok(transaction.commit()?)
}

fn step(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}
