//! Threads that own one database connection each.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::error::StoreError;

/// A thread of the store, joined when the store is closed.
pub(crate) type Worker = JoinHandle<()>;

/// Starts a named thread.
pub(crate) fn spawn(
    name: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> Result<Worker, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| StoreError::File {
            operation: "start the thread",
            path: PathBuf::from(name),
            source,
        })
}
