//! The state machine as the raft core drives it.

use openraft::storage::RaftStateMachine;
use openraft::{
    AnyError, ErrorSubject, ErrorVerb, OptionalSend, RaftSnapshotBuilder, StorageIOError,
};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::command::Outcome;
use crate::error::{FatalError, FaultSite};
use crate::machine::Machine;
use crate::machine::snapshot::{self, SnapshotFiles};
use crate::types::{Entry, LogId, Membership, Snapshot, SnapshotMeta, StorageError, TypeConfig};

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, Membership), StorageError> {
        self.state()
            .await
            .map_err(|error| failed(ErrorSubject::StateMachine, &error))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Outcome>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let applied = Machine::apply(self, entries.into_iter().collect()).await;
        applied.map_err(|error| failed(ErrorSubject::StateMachine, &error))
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<File>, StorageError> {
        let path = &self.files.receiving;
        let mut options = File::options();
        let file = options
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(path)
            .await;
        let site = FaultSite {
            operation: "create",
            path,
        };
        Ok(Box::new(
            file.map_err(|error| self.snapshot_failed(site.io(&error)))?,
        ))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<File>,
    ) -> Result<(), StorageError> {
        let site = FaultSite {
            operation: "write",
            path: &self.files.received,
        };
        if let Err(error) = take_over(snapshot, &self.files).await {
            return Err(self.snapshot_failed(site.io(&error)));
        }
        let (files, meta) = (self.files.clone(), meta.clone());
        let installed = self.ask(move |core| {
            let site = FaultSite {
                operation: "restore",
                path: &files.received,
            };
            let received = snapshot::describe(&files.received)?;
            if received.last_log_id != meta.last_log_id {
                return Err(site.corrupt("it does not end where its sender said"));
            }
            core.restore(&files.received)?;
            files.promote(&files.received)
        });
        installed
            .await
            .map_err(|error| failed(ErrorSubject::Snapshot(None), &error))
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, StorageError> {
        let Some(meta) = self.files.describe_current() else {
            return Ok(None);
        };
        Ok(Some(self.opened(meta).await?))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for Machine {
    async fn build_snapshot(&mut self) -> Result<Snapshot, StorageError> {
        // Entries up to here leave the log after this, so the state has to be
        // on the disk by itself.
        let settled = self.ask(|core| core.checkpoint()).await;
        settled.map_err(|error| failed(ErrorSubject::StateMachine, &error))?;
        let files = self.files.clone();
        let built = tokio::task::spawn_blocking(move || files.build()).await;
        let built = built.unwrap_or_else(|panic| {
            Err(FatalError::Core {
                detail: panic.to_string(),
            })
        });
        let meta = built.map_err(|error| self.snapshot_failed(error))?;
        self.opened(meta).await
    }
}

impl Machine {
    async fn opened(&self, meta: SnapshotMeta) -> Result<Snapshot, StorageError> {
        let path = &self.files.current;
        let site = FaultSite {
            operation: "open",
            path,
        };
        let file = File::open(path)
            .await
            .map_err(|error| self.snapshot_failed(site.io(&error)))?;
        Ok(Snapshot {
            meta,
            snapshot: Box::new(file),
        })
    }

    fn snapshot_failed(&self, error: FatalError) -> StorageError {
        failed(ErrorSubject::Snapshot(None), &self.fault.report(error))
    }
}

fn failed(subject: ErrorSubject<u64>, error: &FatalError) -> StorageError {
    StorageIOError::new(subject, ErrorVerb::Write, AnyError::new(error)).into()
}

/// Copies what was received through the handle, not through a remembered
/// path: a second transfer may have begun there.
async fn take_over(mut snapshot: Box<File>, files: &SnapshotFiles) -> std::io::Result<()> {
    snapshot.flush().await?;
    snapshot.rewind().await?;
    let mut copy = File::create(&files.received).await?;
    tokio::io::copy(&mut *snapshot, &mut copy).await?;
    copy.flush().await?;
    copy.sync_all().await
}
