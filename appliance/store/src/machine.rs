//! The state machine: the database file that holds the applied state, and
//! the one thread that writes it.

mod answers;
mod apply;
mod core;
pub(crate) mod offline;
mod plan;
mod raft;
mod schema;
mod snapshot;
mod tables;

use std::fs::File;
use std::sync::{Arc, mpsc};

use tokio::sync::{oneshot, watch};

use crate::command::{MigrationStep, Outcome};
use crate::directory::Directory;
use crate::error::{FatalError, StoreError};
use crate::fault::FaultCell;
use crate::machine::core::Core;
use crate::machine::snapshot::SnapshotFiles;
use crate::types::{Entry, LogId, Membership};
use crate::worker::{self, Worker};

pub(crate) use plan::{Closure, Plan, Planned, Stop, Task};
pub(crate) use schema::AppliedMigration;

/// The applied state. Clones share the thread.
#[derive(Clone)]
pub(crate) struct Machine {
    orders: mpsc::Sender<Order>,
    files: SnapshotFiles,
    applied: watch::Receiver<u64>,
    fault: FaultCell,
}

/// Work for the thread; false ends it.
type Work = Box<dyn FnOnce(&mut Core) -> bool + Send>;

enum Order {
    Work(Work),
    Stop,
}

impl Machine {
    /// Opens or creates the state file in `directory`, restores a newer
    /// snapshot kept there, and starts the thread, which holds the lock until
    /// it ends.
    pub(crate) fn open(
        directory: &Directory,
        lock: Arc<File>,
        fault: FaultCell,
    ) -> Result<(Self, Worker), StoreError> {
        let files = SnapshotFiles::new(&directory.state, &directory.root);
        let mut core = Core::open(&directory.state, &files)?;
        let applied = core.watch_applied();
        let (orders, queue) = mpsc::channel();
        let worker = worker::spawn("store-state", lock, move || {
            if serve(&mut core, &queue) {
                core.settle();
            }
        })?;
        let machine = Self {
            orders,
            files,
            applied,
            fault,
        };
        Ok((machine, worker))
    }

    /// Ends the thread once it has done what was asked before.
    pub(crate) fn stop(&self) {
        // A thread that is already gone has nothing left to stop.
        let _ = self.orders.send(Order::Stop);
    }

    /// Index of the last applied entry, as it grows.
    pub(crate) fn applied(&self) -> watch::Receiver<u64> {
        self.applied.clone()
    }

    /// Plans tasks on the applied state, and gives them back for another try.
    pub(crate) async fn plan(&self, mut tasks: Vec<Task>) -> Result<(Plan, Vec<Task>), FatalError> {
        self.ask(move |core| Ok((core.plan(&mut tasks)?, tasks)))
            .await
    }

    /// Index of the last entry that changed rows.
    pub(crate) async fn head(&self) -> Result<u64, FatalError> {
        self.ask(|core| core.head()).await
    }

    /// Position of the last applied entry, and the members.
    pub(crate) async fn state(&self) -> Result<(Option<LogId>, Membership), FatalError> {
        self.ask(|core| core.state()).await
    }

    /// The migrations applied so far.
    pub(crate) async fn migrations(&self) -> Result<Vec<AppliedMigration>, FatalError> {
        self.ask(|core| core.migrations()).await
    }

    /// How many migrations a program has to know to run on this schema.
    pub(crate) async fn readers_know(&self) -> Result<u32, FatalError> {
        self.ask(|core| core.readers_know()).await
    }

    /// How often the state was put back to an earlier one.
    pub(crate) async fn epoch(&self) -> Result<u64, FatalError> {
        self.ask(|core| core.epoch()).await
    }

    /// Tries a migration by the rules and takes it back; the reason says why
    /// it would be refused.
    pub(crate) async fn try_migration(
        &self,
        step: MigrationStep,
    ) -> Result<Result<(), String>, FatalError> {
        self.ask(move |core| core.try_migration(&step)).await
    }

    async fn apply(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, FatalError> {
        self.ask(move |core| core.apply(entries)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Core) -> Result<T, FatalError> + Send + 'static,
    ) -> Result<T, FatalError> {
        let (done, answer) = oneshot::channel();
        let fault = self.fault.clone();
        let work: Work = Box::new(move |core| {
            let result = work(core).map_err(|error| fault.report(error));
            let alive = result.is_ok();
            // Nobody waits for work whose future was dropped.
            let _ = done.send(result);
            alive
        });
        if self.orders.send(Order::Work(work)).is_err() {
            return Err(self.ended());
        }
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    fn ended(&self) -> FatalError {
        let ended = FatalError::Core {
            detail: "the writer of the state has ended".to_owned(),
        };
        self.fault.report(ended)
    }
}

/// Works until it is told to stop; false after a fatal error.
fn serve(core: &mut Core, queue: &mpsc::Receiver<Order>) -> bool {
    while let Ok(Order::Work(work)) = queue.recv() {
        if !work(core) {
            return false;
        }
    }
    true
}
