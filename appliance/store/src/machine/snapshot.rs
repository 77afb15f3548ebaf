//! Snapshots: the whole state as one database file, position and members in
//! it.

use std::path::{Path, PathBuf};

use crate::error::{FatalError, FaultSite, StoreError};
use crate::machine::tables::{KIND, Meta};
use crate::sqlite;
use crate::types::{LogId, SnapshotMeta};

/// Where the state and its snapshots are.
#[derive(Debug, Clone)]
pub(super) struct SnapshotFiles {
    /// The state file.
    pub(super) state: PathBuf,
    /// The last complete snapshot.
    pub(super) current: PathBuf,
    /// A snapshot being built here.
    pub(super) building: PathBuf,
    /// A snapshot being received from the leader.
    pub(super) receiving: PathBuf,
    /// A received snapshot being checked and restored.
    pub(super) received: PathBuf,
}

impl SnapshotFiles {
    pub(super) fn new(state: &Path, directory: &Path) -> Self {
        Self {
            state: state.to_owned(),
            current: directory.join("snapshot.db"),
            building: directory.join("snapshot-building.db"),
            receiving: directory.join("snapshot-receiving.db"),
            received: directory.join("snapshot-received.db"),
        }
    }

    /// Removes what an interrupted build or transfer left.
    pub(super) fn remove_leftovers(&self) -> Result<(), StoreError> {
        for path in [&self.building, &self.receiving, &self.received] {
            remove(path).map_err(|source| StoreError::File {
                operation: "remove",
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// The kept snapshot, when it is sound and newer than `applied`.
    pub(super) fn newer_than(&self, applied: Option<LogId>) -> Option<PathBuf> {
        let meta = self.describe_current()?;
        (meta.last_log_id > applied).then(|| self.current.clone())
    }

    /// Writes the applied state into the snapshot file, on a connection of
    /// its own so that nothing waits for it.
    pub(super) fn build(&self) -> Result<SnapshotMeta, FatalError> {
        let site = FaultSite {
            operation: "replace",
            path: &self.current,
        };
        remove(&self.building).map_err(|error| site.io(&error))?;
        sqlite::copy_into(&self.state, &self.building)?;
        let meta = describe(&self.building)?;
        self.promote(&self.building)?;
        Ok(meta)
    }

    /// Makes a complete file the current snapshot.
    pub(super) fn promote(&self, complete: &Path) -> Result<(), FatalError> {
        let site = FaultSite {
            operation: "replace",
            path: &self.current,
        };
        std::fs::rename(complete, &self.current)
            .and_then(|()| sqlite::sync(&self.current))
            .map_err(|error| site.io(&error))
    }

    /// What the current snapshot holds. A damaged one counts as none: the
    /// state itself can make a new one.
    pub(super) fn describe_current(&self) -> Option<SnapshotMeta> {
        if !self.current.exists() {
            return None;
        }
        describe(&self.current)
            .inspect_err(|error| tracing::warn!(%error, "the kept snapshot is not usable"))
            .ok()
    }
}

/// Checks a snapshot file and reads which entries and members it holds.
pub(super) fn describe(path: &Path) -> Result<SnapshotMeta, FatalError> {
    let site = FaultSite {
        operation: "read",
        path,
    };
    let connection = sqlite::open_reader(path).map_err(|error| site.fault(&error))?;
    sqlite::check(&connection, path, KIND)?;
    let meta = Meta {
        connection: &connection,
        site,
    };
    let last_log_id = meta.applied()?;
    let snapshot_id = match last_log_id {
        Some(LogId { leader_id, index }) => {
            format!("{}-{}-{index}", leader_id.term, leader_id.node_id)
        }
        None => "empty".to_owned(),
    };
    Ok(SnapshotMeta {
        last_log_id,
        last_membership: meta.members()?,
        snapshot_id,
    })
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
