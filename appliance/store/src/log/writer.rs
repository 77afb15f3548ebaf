//! Writing the log: one thread, and one disk flush for all edits that wait.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{FatalError, FaultSite, StoreError};
use crate::fault::FaultCell;
use crate::log::reader::{PURGED, VOTE};
use crate::sqlite::{self, position};
use crate::worker::{self, Worker};

/// Most edits that share one flush.
const GROUP: usize = 256;

/// One change of the log file.
pub(super) enum Edit {
    /// Adds sealed records at their positions.
    Append(Vec<(u64, Vec<u8>)>),
    /// Keeps the sealed vote.
    Vote(Vec<u8>),
    /// Removes the records from this position on.
    Truncate(u64),
    /// Removes the records up to and with this position, which is kept
    /// sealed.
    Purge(u64, Vec<u8>),
}

enum Order {
    Edit(Edit, oneshot::Sender<Result<(), FatalError>>),
    Stop,
}

/// Hands edits to the writing thread. Clones share it.
#[derive(Clone)]
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    fault: FaultCell,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        lock: Arc<File>,
        fault: FaultCell,
    ) -> Result<(Self, Worker), StoreError> {
        let (orders, queue) = mpsc::channel();
        let thread = Thread {
            connection,
            path: path.to_owned(),
            fault: fault.clone(),
        };
        let worker = worker::spawn("store-log", lock, move || {
            thread.run(&queue);
            thread.settle();
        })?;
        Ok((Self { orders, fault }, worker))
    }

    /// Makes one edit; when this returns, it is on the disk.
    pub(super) async fn edit(&self, edit: Edit) -> Result<(), FatalError> {
        let (done, answer) = oneshot::channel();
        if self.orders.send(Order::Edit(edit, done)).is_err() {
            return Err(self.ended());
        }
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    pub(super) fn stop(&self) {
        // A thread that is already gone has nothing left to stop.
        let _ = self.orders.send(Order::Stop);
    }

    fn ended(&self) -> FatalError {
        let ended = FatalError::Core {
            detail: "the writer of the log has ended".to_owned(),
        };
        self.fault.report(ended)
    }
}

struct Thread {
    connection: Connection,
    path: PathBuf,
    fault: FaultCell,
}

impl Thread {
    fn run(&self, queue: &mpsc::Receiver<Order>) {
        let mut stopped = false;
        while !stopped {
            let mut edits = Vec::new();
            let mut waiting = Vec::new();
            let Ok(first) = queue.recv() else { return };
            for order in std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)) {
                match order {
                    Order::Edit(edit, done) => {
                        edits.push(edit);
                        waiting.push(done);
                    }
                    Order::Stop => stopped = true,
                }
            }
            let result = self.write(&edits);
            stopped |= result.is_err();
            for done in waiting {
                // Nobody waits for an edit whose future was dropped.
                let _ = done.send(result.clone());
            }
        }
    }

    /// Leaves one complete file behind, without a write-ahead log.
    fn settle(&self) {
        if self.fault.get().is_none()
            && let Err(error) = sqlite::checkpoint(&self.connection, &self.path)
        {
            tracing::warn!(%error, "the log keeps its write-ahead file");
        }
    }

    fn write(&self, edits: &[Edit]) -> Result<(), FatalError> {
        if edits.is_empty() {
            return Ok(());
        }
        self.transaction(edits).map_err(|error| {
            let site = FaultSite {
                operation: "write",
                path: &self.path,
            };
            self.fault.report(site.fault(&error))
        })
    }

    fn transaction(&self, edits: &[Edit]) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        for edit in edits {
            make(&transaction, edit)?;
        }
        transaction.commit()
    }
}

fn make(connection: &Connection, edit: &Edit) -> rusqlite::Result<()> {
    let keep = |name: &str, value: &[u8]| {
        let sql = "INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute((name, value))
    };
    match edit {
        Edit::Append(records) => {
            let sql = "INSERT OR REPLACE INTO log(position, record) VALUES (?1, ?2)";
            let mut insert = connection.prepare_cached(sql)?;
            for (index, record) in records {
                insert.execute((position(*index), record))?;
            }
        }
        Edit::Vote(vote) => {
            keep(VOTE, vote)?;
        }
        Edit::Truncate(from) => {
            connection.execute("DELETE FROM log WHERE position >= ?1", [position(*from)])?;
        }
        Edit::Purge(upto, sealed) => {
            keep(PURGED, sealed)?;
            connection.execute("DELETE FROM log WHERE position <= ?1", [position(*upto)])?;
        }
    }
    Ok(())
}
