//! Threads that own one database connection each.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::error::StoreError;

/// A thread of the store, joined when the store is closed.
pub(crate) type Worker = JoinHandle<()>;

/// Starts a named thread, which holds the lock of the store's folder until
/// it ends.
pub(crate) fn spawn(
    name: &'static str,
    lock: Arc<File>,
    work: impl FnOnce() + Send + 'static,
) -> Result<Worker, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            work();
            drop(lock);
        })
        .map_err(|source| StoreError::File {
            operation: "start the thread",
            path: PathBuf::from(name),
            source,
        })
}
