//! What the state machine's thread owns and does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use tokio::sync::watch;

use crate::command::{MigrationStep, Outcome};
use crate::error::{FatalError, FaultSite, StoreError, is_fault};
use crate::machine::apply;
use crate::machine::plan::{self, Plan, Task};
use crate::machine::schema::{self, AppliedMigration};
use crate::machine::snapshot::SnapshotFiles;
use crate::machine::tables::{KIND, Meta};
use crate::rules::{Guard, Mode, check_migration};
use crate::sqlite;
use crate::types::{Entry, LogId, Membership};

/// Pages copied at a time when a snapshot is restored.
const PAGES: i32 = 1024;

/// The state file and its only writing connection.
pub(super) struct Core {
    connection: Connection,
    guard: Guard,
    path: PathBuf,
    applied: watch::Sender<u64>,
}

impl Core {
    /// Opens or creates the state file; a kept snapshot that is newer than
    /// the file replaces its content.
    pub(super) fn open(path: &Path, files: &SnapshotFiles) -> Result<Self, StoreError> {
        let connection = sqlite::open(path, KIND)?;
        let site = FaultSite {
            operation: "open",
            path,
        };
        let guard = Guard::new(&connection).map_err(|error| site.fault(&error))?;
        let applied = watch::Sender::new(0);
        let mut core = Self {
            connection,
            guard,
            path: path.to_owned(),
            applied,
        };
        files.remove_leftovers()?;
        if let Some(newer) = files.newer_than(core.meta("read").applied()?) {
            tracing::warn!(snapshot = %newer.display(), "the state is older than its snapshot");
            core.restore(&newer)?;
        }
        core.publish()?;
        Ok(core)
    }

    pub(super) fn watch_applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    pub(super) fn plan(&self, tasks: &mut [Task]) -> Result<Plan, FatalError> {
        plan::plan(self.meta("plan on"), &self.guard, tasks)
    }

    pub(super) fn apply(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, FatalError> {
        let outcomes = apply::apply(self.meta("apply to"), entries)?;
        self.publish()?;
        Ok(outcomes)
    }

    pub(super) fn head(&self) -> Result<u64, FatalError> {
        self.meta("read").head()
    }

    pub(super) fn state(&self) -> Result<(Option<LogId>, Membership), FatalError> {
        let meta = self.meta("read");
        Ok((meta.applied()?, meta.members()?))
    }

    pub(super) fn migrations(&self) -> Result<Vec<AppliedMigration>, FatalError> {
        let site = self.meta("read").site;
        schema::applied(&self.connection).map_err(|error| site.fault(&error))
    }

    pub(super) fn readers_know(&self) -> Result<u32, FatalError> {
        let site = self.meta("read").site;
        schema::readers_know(&self.connection).map_err(|error| site.fault(&error))
    }

    pub(super) fn epoch(&self) -> Result<u64, FatalError> {
        self.meta("read").epoch()
    }

    pub(super) fn try_migration(
        &self,
        step: &MigrationStep,
    ) -> Result<Result<(), String>, FatalError> {
        if let Err(refusal) = check_migration(&step.sql) {
            return Ok(Err(refusal.to_string()));
        }
        let meta = self.meta("migrate");
        let fault = |error: rusqlite::Error| meta.site.fault(&error);
        schema::without_foreign_keys(meta, || {
            let transaction = self.connection.unchecked_transaction().map_err(fault)?;
            let tried = schema::apply(&self.connection, step, 0, |sql| {
                self.guard
                    .within(Mode::Schema, || self.connection.execute_batch(sql))
            });
            transaction.rollback().map_err(fault)?;
            match tried {
                Ok(Ok(_)) => Ok(Ok(())),
                Ok(Err(reason)) => Ok(Err(reason)),
                Err(error) if is_fault(&error) => Err(fault(error)),
                Err(error) => Ok(Err(match self.guard.take_refusal() {
                    Some(refusal) => refusal.to_string(),
                    None => error.to_string(),
                })),
            }
        })
    }

    /// Brings the file to the disk, so that entries it contains may leave the
    /// log.
    pub(super) fn checkpoint(&self) -> Result<(), FatalError> {
        sqlite::checkpoint(&self.connection, &self.path)
    }

    /// Leaves one complete file behind, without a write-ahead log.
    pub(super) fn settle(&self) {
        if let Err(error) = self.checkpoint() {
            tracing::warn!(%error, "the state keeps its write-ahead file");
        }
    }

    /// Replaces the content by that of a snapshot.
    pub(super) fn restore(&mut self, snapshot: &Path) -> Result<(), FatalError> {
        let site = FaultSite {
            operation: "restore a snapshot into",
            path: &self.path,
        };
        let source = sqlite::open_reader(snapshot).map_err(|error| site.fault(&error))?;
        Backup::new(&source, &mut self.connection)
            .and_then(|backup| backup.run_to_completion(PAGES, Duration::ZERO, None))
            .map_err(|error| site.fault(&error))?;
        self.checkpoint()?;
        self.publish()
    }

    fn publish(&self) -> Result<(), FatalError> {
        let applied = self
            .meta("read")
            .applied()?
            .map_or(0, |position| position.index);
        self.applied.send_replace(applied);
        Ok(())
    }

    fn meta(&self, operation: &'static str) -> Meta<'_> {
        let site = FaultSite {
            operation,
            path: &self.path,
        };
        Meta {
            connection: &self.connection,
            site,
        }
    }
}
