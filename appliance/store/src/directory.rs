//! The folder of a store: one process at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::StoreError;

/// How long the last owner of a folder may take to let go.
const PATIENCE: Duration = Duration::from_millis(400);

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

    /// Takes the folder for this process, until the file is dropped. A program
    /// that the last owner was just starting may hold it for a moment more.
    pub(crate) fn lock(&self) -> Result<File, StoreError> {
        let failed = |source| StoreError::File {
            operation: "lock",
            path: self.lock.clone(),
            source,
        };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let file = options.open(&self.lock).map_err(failed)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(PATIENCE / 20);
                }
                Err(TryLockError::WouldBlock) => {
                    let directory = self.root.clone();
                    return Err(StoreError::Locked { directory });
                }
            }
        }
    }
}
