//! Starting and ending the parts of a store.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::batcher::{Batcher, Request};
use crate::error::{FatalError, StoreError};
use crate::fault::FaultCell;
use crate::files::Files;
use crate::machine::Machine;
use crate::migrate::migrate;
use crate::migrations::Migrations;
use crate::network::Alone;
use crate::options::StoreOptions;
use crate::proposer::Proposer;
use crate::raft;
use crate::readers::Readers;

/// Closures that may wait before callers have to.
const WAITING: usize = 4096;

/// A running store.
pub(crate) struct Started {
    pub(crate) state: PathBuf,
    pub(crate) machine: Machine,
    pub(crate) proposer: Proposer,
    pub(crate) readers: Readers,
    pub(crate) fault: FaultCell,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) parts: Parts,
}

/// What has to end before the files are free.
pub(crate) struct Parts {
    batcher: JoinHandle<()>,
    watcher: JoinHandle<()>,
    files: Files,
}

/// Starts a store whose member has no peers.
pub(crate) async fn start(
    directory: &Path,
    migrations: &Migrations,
    options: &StoreOptions,
) -> Result<Started, StoreError> {
    let fault = FaultCell::new();
    let files = Files::open(directory, fault.clone()).await?;
    let (log, machine) = (files.log.clone(), files.machine.clone());
    let raft = match raft::start(Alone, options, log, machine.clone()).await {
        Ok(raft) => raft,
        Err(error) => {
            files.close().await?;
            return Err(fault.get().unwrap_or(error).into());
        }
    };
    let proposer = Proposer {
        raft,
        fault: fault.clone(),
        patience: options.patience,
    };
    let state = files.directory.state.clone();
    let (requests, parts) = Parts::start(files, &machine, &proposer);
    let ready = async {
        proposer.confirm().await?;
        migrate(&machine, &proposer, migrations).await?;
        Readers::open(&state, options.readers, fault.clone())
    };
    match ready.await {
        Ok(readers) => Ok(Started {
            state,
            machine,
            proposer,
            readers,
            fault,
            requests,
            parts,
        }),
        Err(error) => {
            drop(requests);
            parts.end(&proposer).await?;
            Err(error)
        }
    }
}

impl Parts {
    fn start(
        files: Files,
        machine: &Machine,
        proposer: &Proposer,
    ) -> (mpsc::Sender<Request>, Self) {
        let (requests, queue) = mpsc::channel(WAITING);
        let batcher = Batcher {
            machine: machine.clone(),
            proposer: proposer.clone(),
        };
        let batcher = tokio::spawn(batcher.run(queue));
        let metrics = proposer.raft.metrics();
        let watcher = tokio::spawn(raft::watch(metrics, proposer.fault.clone()));
        (
            requests,
            Self {
                batcher,
                watcher,
                files,
            },
        )
    }

    /// Ends every part, once the batcher's queue is closed or told to stop.
    pub(crate) async fn end(self, proposer: &Proposer) -> Result<(), StoreError> {
        let failed = |error: tokio::task::JoinError| FatalError::Core {
            detail: error.to_string(),
        };
        self.batcher.await.map_err(failed)?;
        proposer.fault.close();
        self.watcher.abort();
        proposer.raft.shutdown().await.map_err(failed)?;
        self.files.close().await
    }
}
