//! Errors after which the store is dead.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store died. The process should print it, end, and be started
/// again by its supervisor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FatalError {
    /// No space is left.
    #[error("disk full: cannot {operation} {path}")]
    DiskFull {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
    },
    /// The file is not a database, or damaged.
    #[error("{path} is damaged: cannot {operation} it: {detail}")]
    Corrupt {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The disk failed in another way.
    #[error("cannot {operation} {path}: {detail}")]
    Disk {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What SQLite or the system said.
        detail: String,
    },
    /// This member's state is not that of the log: it missed a change.
    #[error("state differs from the log at entry {index}: {detail}")]
    Diverged {
        /// Index of the entry.
        index: u64,
        /// What differs.
        detail: String,
    },
    /// The raft core ended.
    #[error("the raft core ended: {detail}")]
    Core {
        /// What it said.
        detail: String,
    },
}

/// What was done to which file when an error came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultSite<'a> {
    pub(crate) operation: &'static str,
    pub(crate) path: &'a Path,
}

impl FaultSite<'_> {
    /// The fatal error that an error of SQLite means here.
    pub(crate) fn fault(self, error: &rusqlite::Error) -> FatalError {
        let Self { operation, path } = self;
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => FatalError::DiskFull { operation, path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => FatalError::Corrupt {
                operation,
                path,
                detail,
            },
            _ => FatalError::Disk {
                operation,
                path,
                detail,
            },
        }
    }

    /// The fatal error that content nobody wrote means here.
    pub(crate) fn corrupt(self, detail: impl ToString) -> FatalError {
        FatalError::Corrupt {
            operation: self.operation,
            path: self.path.to_owned(),
            detail: detail.to_string(),
        }
    }

    /// The fatal error that an error of the system means here.
    pub(crate) fn io(self, error: &std::io::Error) -> FatalError {
        let (operation, path) = (self.operation, self.path.to_owned());
        match error.kind() {
            std::io::ErrorKind::StorageFull => FatalError::DiskFull { operation, path },
            _ => FatalError::Disk {
                operation,
                path,
                detail: error.to_string(),
            },
        }
    }
}

/// True when the error tells of this machine (disk, memory, locks), not of
/// the statement: another member would not see it.
pub(crate) fn is_fault(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::OperationInterrupted
                | ErrorCode::InternalMalfunction
        )
    )
}
