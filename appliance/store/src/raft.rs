//! Starting the raft core, and watching over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use openraft::network::RaftNetworkFactory;
use openraft::{BasicNode, Config, SnapshotPolicy};
use tokio::sync::watch;

use crate::error::FatalError;
use crate::fault::FaultCell;
use crate::log::Log;
use crate::machine::Machine;
use crate::options::StoreOptions;
use crate::types::{Metrics, Raft, TypeConfig};

/// The member that founds a cluster. Members that join later get numbers
/// that were never used.
const FOUNDER: u64 = 1;

/// Starts the raft core on its files; a new log begins with this member as
/// the only voter.
pub(crate) async fn start<N: RaftNetworkFactory<TypeConfig>>(
    network: N,
    options: &StoreOptions,
    log: Log,
    machine: Machine,
) -> Result<Raft, FatalError> {
    let config = config(options).validate();
    let config = Arc::new(config.map_err(|error| ended(&error))?);
    let raft = Raft::new(FOUNDER, config, network, log, machine).await;
    let raft = raft.map_err(|error| ended(&error))?;
    if !raft.is_initialized().await.map_err(|error| ended(&error))? {
        let members = BTreeMap::from([(FOUNDER, BasicNode::default())]);
        let founded = raft.initialize(members).await;
        founded.map_err(|error| ended(&error))?;
    }
    Ok(raft)
}

/// Reports the death of the raft core, which would else leave a process that
/// looks alive.
pub(crate) async fn watch(mut metrics: watch::Receiver<Metrics>, fault: FaultCell) {
    loop {
        let state = metrics.borrow_and_update().running_state.clone();
        if let Err(error) = state {
            fault.report(ended(&error));
            return;
        }
        if metrics.changed().await.is_err() {
            return;
        }
    }
}

fn config(options: &StoreOptions) -> Config {
    Config {
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
    }
}

fn ended(error: &impl ToString) -> FatalError {
    FatalError::Core {
        detail: error.to_string(),
    }
}
