//! The folder of a store: one process at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Names of the files in the folder of a store.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) root: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) state: PathBuf,
    lock: PathBuf,
}

impl Directory {
    /// Creates the folder, readable by its owner only, where it is missing.
    pub(crate) fn prepare(root: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(|source| StoreError::File {
                operation: "create",
                path: root.to_owned(),
                source,
            })?;
        Ok(Self {
            root: root.to_owned(),
            log: root.join("raft.db"),
            state: root.join("state.db"),
            lock: root.join("lock"),
        })
    }

    /// Takes the folder for this process, until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, StoreError> {
        let failed = |source| StoreError::File {
            operation: "lock",
            path: self.lock.clone(),
            source,
        };
        let mut options = File::options();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                directory: self.root.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
