//! Starting and ending the parts of a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openraft::network::RaftNetworkFactory;
use openraft::{BasicNode, Config, SnapshotPolicy};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::batcher::{Batcher, Request};
use crate::directory::Directory;
use crate::error::{FatalError, FaultSite, StoreError};
use crate::fault::FaultCell;
use crate::log::Log;
use crate::machine::Machine;
use crate::migrate::migrate;
use crate::migrations::Migrations;
use crate::network::Alone;
use crate::options::StoreOptions;
use crate::proposer::Proposer;
use crate::readers::Readers;
use crate::types::{Raft, TypeConfig};
use crate::worker::Worker;

/// The member that founds a cluster. Members that join later get numbers
/// that were never used.
const FOUNDER: u64 = 1;

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

/// What has to end, in this order, before the files are free.
pub(crate) struct Parts {
    batcher: JoinHandle<()>,
    watcher: JoinHandle<()>,
    log: Log,
    workers: [Worker; 2],
    lock: File,
}

/// Starts a store whose member has no peers.
pub(crate) async fn start(
    directory: &Path,
    migrations: &Migrations,
    options: &StoreOptions,
) -> Result<Started, StoreError> {
    let fault = FaultCell::new();
    let files = {
        let (directory, fault) = (directory.to_owned(), fault.clone());
        let opened = tokio::task::spawn_blocking(move || Files::open(&directory, fault)).await;
        opened.map_err(|error| FatalError::Core {
            detail: error.to_string(),
        })??
    };
    let Files {
        directory,
        lock,
        log,
        machine,
        workers,
    } = files;
    refuse_gap(&directory, &log, &machine).await?;
    let raft = start_raft(Alone, options, log.clone(), machine.clone()).await?;
    let proposer = Proposer {
        raft,
        fault: fault.clone(),
        patience: options.patience,
    };
    let watcher = tokio::spawn(watch_core(proposer.raft.clone(), fault.clone()));
    let (requests, queue) = mpsc::channel(WAITING);
    let batcher = Batcher {
        machine: machine.clone(),
        proposer: proposer.clone(),
    };
    let batcher = tokio::spawn(batcher.run(queue));
    let parts = Parts {
        batcher,
        watcher,
        log,
        workers,
        lock,
    };
    let ready = async {
        proposer.confirm().await?;
        migrate(&machine, &proposer, migrations).await?;
        Readers::open(&directory.state, options.readers, fault.clone())
    };
    match ready.await {
        Ok(readers) => {
            let state = directory.state;
            Ok(Started {
                state,
                machine,
                proposer,
                readers,
                fault,
                requests,
                parts,
            })
        }
        Err(error) => {
            drop(requests);
            parts.end(&machine, &proposer.raft).await?;
            Err(error)
        }
    }
}

/// The opened files of a store and the threads that write them.
struct Files {
    directory: Directory,
    lock: File,
    log: Log,
    machine: Machine,
    workers: [Worker; 2],
}

impl Files {
    fn open(directory: &Path, fault: FaultCell) -> Result<Self, StoreError> {
        let directory = Directory::prepare(directory)?;
        let lock = directory.lock()?;
        let (log, log_worker) = Log::open(&directory.log, fault.clone())?;
        let (machine, state_worker) = Machine::open(&directory.state, &directory.root, fault)?;
        Ok(Self {
            directory,
            lock,
            log,
            machine,
            workers: [log_worker, state_worker],
        })
    }
}

/// Refuses a state and a log of which entries between them are missing.
async fn refuse_gap(directory: &Directory, log: &Log, machine: &Machine) -> Result<(), StoreError> {
    let (applied, _) = machine.state().await?;
    let site = |path| FaultSite {
        operation: "use",
        path,
    };
    if applied.is_some() && log.is_new()? {
        let detail = "it is empty, but the state has applied entries of it";
        return Err(site(&directory.log).corrupt(detail).into());
    }
    if log.purged()? > applied {
        let detail = "it is older than the oldest entry of the log, and no snapshot is there";
        return Err(site(&directory.state).corrupt(detail).into());
    }
    Ok(())
}

async fn start_raft<N: RaftNetworkFactory<TypeConfig>>(
    network: N,
    options: &StoreOptions,
    log: Log,
    machine: Machine,
) -> Result<Raft, StoreError> {
    let core = |detail: String| StoreError::Fatal(FatalError::Core { detail });
    let config = Config {
        cluster_name: "meghos".to_owned(),
        heartbeat_interval: 200,
        election_timeout_min: 600,
        election_timeout_max: 900,
        install_snapshot_timeout: 10_000,
        max_payload_entries: 256,
        replication_lag_threshold: options.snapshot_every.saturating_mul(2),
        snapshot_policy: SnapshotPolicy::LogsSinceLast(options.snapshot_every),
        max_in_snapshot_log_to_keep: options.keep_entries,
        ..Config::default()
    };
    let config = Arc::new(config.validate().map_err(|error| core(error.to_string()))?);
    let raft = Raft::new(FOUNDER, config, network, log, machine).await;
    let raft = raft.map_err(|error| core(error.to_string()))?;
    if !raft
        .is_initialized()
        .await
        .map_err(|error| core(error.to_string()))?
    {
        let members = BTreeMap::from([(FOUNDER, BasicNode::default())]);
        raft.initialize(members)
            .await
            .map_err(|error| core(error.to_string()))?;
    }
    Ok(raft)
}

/// Reports the death of the raft core, which would else leave a process that
/// looks alive.
async fn watch_core(raft: Raft, fault: FaultCell) {
    let mut metrics = raft.metrics();
    loop {
        let state = metrics.borrow_and_update().running_state.clone();
        if let Err(error) = state {
            fault.report(FatalError::Core {
                detail: error.to_string(),
            });
            return;
        }
        if metrics.changed().await.is_err() {
            fault.report(FatalError::Core {
                detail: "it is gone".to_owned(),
            });
            return;
        }
    }
}

impl Parts {
    /// Ends every part and frees the files.
    pub(crate) async fn end(self, machine: &Machine, raft: &Raft) -> Result<(), StoreError> {
        let Self {
            batcher,
            watcher,
            log,
            workers,
            lock,
        } = self;
        let core = |detail: String| StoreError::Fatal(FatalError::Core { detail });
        batcher.await.map_err(|error| core(error.to_string()))?;
        watcher.abort();
        raft.shutdown()
            .await
            .map_err(|error| core(error.to_string()))?;
        machine.stop();
        log.stop();
        let joined = tokio::task::spawn_blocking(move || {
            for worker in workers {
                worker
                    .join()
                    .map_err(|panic| crate::error::panic_message(panic.as_ref()))?;
            }
            drop(lock);
            Ok(())
        });
        joined
            .await
            .map_err(|error| core(error.to_string()))?
            .map_err(core)
    }
}
