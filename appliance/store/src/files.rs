//! The opened files of a store, and the threads that write them.

use std::path::Path;
use std::sync::Arc;

use crate::directory::Directory;
use crate::error::{FatalError, FaultSite, StoreError, panic_message};
use crate::fault::FaultCell;
use crate::log::Log;
use crate::machine::Machine;
use crate::worker::Worker;

/// The log and the state, and the two threads that write them.
pub(crate) struct Files {
    pub(crate) directory: Directory,
    pub(crate) log: Log,
    pub(crate) machine: Machine,
    workers: [Worker; 2],
}

impl Files {
    /// Opens or creates the files in a folder, and takes the folder for this
    /// process until both threads have ended.
    pub(crate) async fn open(directory: &Path, fault: FaultCell) -> Result<Self, StoreError> {
        let directory = directory.to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&directory, fault));
        let files = opened.await.map_err(|error| ended(error.to_string()))??;
        match files.refuse_gap().await {
            Ok(()) => Ok(files),
            Err(error) => {
                files.close().await?;
                Err(error)
            }
        }
    }

    fn open_blocking(directory: &Path, fault: FaultCell) -> Result<Self, StoreError> {
        let directory = Directory::prepare(directory)?;
        let lock = Arc::new(directory.lock()?);
        let (log, log_worker) = Log::open(&directory.log, Arc::clone(&lock), fault.clone())?;
        let (machine, state_worker) = Machine::open(&directory, lock, fault)?;
        let workers = [log_worker, state_worker];
        Ok(Self {
            directory,
            log,
            machine,
            workers,
        })
    }

    /// Refuses a state and a log of which entries between them are missing.
    async fn refuse_gap(&self) -> Result<(), StoreError> {
        let site = |path| FaultSite {
            operation: "use",
            path,
        };
        let (applied, _) = self.machine.state().await?;
        if applied.is_some() && self.log.is_new()? {
            let detail = "it is empty, but the state has applied entries of it";
            return Err(site(&self.directory.log).corrupt(detail).into());
        }
        if self.log.purged()? > applied {
            let detail = "it is older than the oldest entry of the log, and no snapshot is there";
            return Err(site(&self.directory.state).corrupt(detail).into());
        }
        Ok(())
    }

    /// Ends both threads; the folder is free when this returns.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        self.machine.stop();
        self.log.stop();
        let joined = tokio::task::spawn_blocking(move || {
            for worker in self.workers {
                let joined = worker.join();
                joined.map_err(|panic| panic_message(panic.as_ref()))?;
            }
            Ok(())
        });
        let joined = joined.await.map_err(|error| ended(error.to_string()))?;
        joined.map_err(ended)
    }
}

fn ended(detail: String) -> StoreError {
    StoreError::Fatal(FatalError::Core { detail })
}
