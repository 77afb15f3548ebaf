//! Errors, by what a caller can do about them.

mod fatal;
mod sql;

pub use fatal::FatalError;
pub use sql::{Refusal, SqlError};

pub(crate) use fatal::{FaultSite, is_fault};

use std::path::PathBuf;

use crate::migrations::MigrationError;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is dead; the process should end and be started again.
    #[error(transparent)]
    Fatal(#[from] FatalError),
    /// A file or folder of the store could not be prepared.
    #[error("cannot {operation} {path}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has this store open.
    #[error("the store in {directory} is open in another process")]
    Locked {
        /// Folder of the store.
        directory: PathBuf,
    },
    /// The files were written by something this program does not understand.
    #[error("{path} has format {found}, this program understands {understood}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Format number in the file.
        found: i64,
        /// Highest format number known.
        understood: i64,
    },
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A statement of a read failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// No leader was found in time; nothing was written.
    #[error("no leader within {waited_ms} ms")]
    NoLeader {
        /// How long was waited.
        waited_ms: u64,
    },
    /// The change was handed over and its fate is not known: it may or may
    /// not be applied. Repeat it with the same idempotency key.
    #[error("the outcome of the write is unknown: {reason}")]
    OutcomeUnknown {
        /// What interrupted it.
        reason: String,
    },
    /// The change was accepted but refused when it was applied; nothing of
    /// it was kept.
    #[error("the change was refused when applied: {reason}")]
    RefusedOnApply {
        /// What SQLite said.
        reason: String,
    },
    /// The change is too large for one entry.
    #[error("the change takes {bytes} bytes, at most {limit} fit into one write")]
    TooLarge {
        /// Size of the change.
        bytes: usize,
        /// Largest size accepted.
        limit: usize,
    },
    /// An answer could not be encoded, or a kept one has another shape.
    #[error("the answer of the write cannot be {operation}: {reason}")]
    Answer {
        /// `encoded` or `decoded`.
        operation: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// The closure panicked; nothing was written.
    #[error("the closure panicked: {message}")]
    ClosurePanicked {
        /// The panic's message.
        message: String,
    },
    /// A copy could not be written; the store itself goes on.
    #[error("cannot back up to {path}")]
    Backup {
        /// The file to be written.
        path: PathBuf,
        /// What went wrong.
        #[source]
        reason: FatalError,
    },
    /// No copy can be put back.
    #[error("{reason}, and no earlier state can be put back: {obstacle}")]
    NoWayBack {
        /// Why it has to be put back.
        #[source]
        reason: MigrationError,
        /// What is in the way.
        obstacle: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Why a write was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The closure returned this error; nothing was written.
    #[error(transparent)]
    Aborted(E),
    /// The idempotency key was used within the last 24 hours for another
    /// request; nothing was written.
    #[error("idempotency key {key:?} was used for another request")]
    IdempotencyMismatch {
        /// The key.
        key: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The text that a panic was raised with.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
