//! The store's handle: writes, reads, and its end.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot, watch};

use crate::batcher::{Answer, Job, Request};
use crate::context::{Freshness, WriteContext, Written};
use crate::copies::{self, Release, Restored};
use crate::encoding::{decode, encode};
use crate::error::{FatalError, FaultSite, SqlError, StoreError, WriteError};
use crate::fault::FaultCell;
use crate::machine::{Closure, Machine, Stop, Task};
use crate::migrations::{MigrationError, Migrations};
use crate::options::StoreOptions;
use crate::proposer::Proposer;
use crate::readers::{ReadConn, Readers};
use crate::sqlite;
use crate::start::{self, Parts};
use crate::tx::Tx;

/// The replicated state of an appliance. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    state: std::path::PathBuf,
    machine: Machine,
    proposer: Proposer,
    readers: Readers,
    fault: FaultCell,
    requests: mpsc::Sender<Request>,
    parts: Mutex<Option<Parts>>,
}

impl Store {
    /// Opens the store in a folder, or makes one there with this member as
    /// its only voter, and brings the schema up to date. When this returns,
    /// the state holds everything that was acknowledged before.
    pub async fn open(
        directory: &Path,
        migrations: Migrations,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let started = start::start(directory, &migrations, &options).await?;
        Ok(Self(Arc::new(Inner {
            state: started.state,
            machine: started.machine,
            proposer: started.proposer,
            readers: started.readers,
            fault: started.fault,
            requests: started.requests,
            parts: Mutex::new(Some(started.parts)),
        })))
    }

    /// Opens the store for a release of the product. Before the first start of
    /// another release than the last one the files are copied. When the
    /// schema was contracted by a newer release so that this one cannot read
    /// it, and the site has one voter, the newest copy that it can read is put
    /// back under a new epoch; [`Store::restored`] tells what that lost.
    pub async fn open_release(
        directory: &Path,
        migrations: Migrations,
        options: StoreOptions,
        release: &Release,
    ) -> Result<Self, StoreError> {
        copies::begin(directory, release).await?;
        match Self::open(directory, migrations.clone(), options.clone()).await {
            Err(StoreError::Migration(error @ MigrationError::TooNew { known, .. })) => {
                copies::put_back(directory, known, release, error).await?;
                Self::open(directory, migrations, options).await
            }
            opened => opened,
        }
    }

    /// What the last putting back of a copy lost, until it is acknowledged.
    pub async fn restored(&self) -> Result<Option<Restored>, StoreError> {
        copies::restored(&self.directory()).await
    }

    /// Notes that [`Store::restored`] was told to whom it concerns.
    pub async fn acknowledge_restored(&self) -> Result<(), StoreError> {
        copies::acknowledge(&self.directory()).await
    }

    /// How often the state was put back to an earlier one: positions of
    /// different epochs do not compare.
    pub async fn epoch(&self) -> Result<u64, StoreError> {
        Ok(self.0.machine.epoch().await?)
    }

    fn directory(&self) -> std::path::PathBuf {
        self.0.state.parent().unwrap_or(Path::new("/")).to_owned()
    }

    /// Runs `change` and makes what it did durable before it returns. Either
    /// all of it is kept or nothing. See the crate's documentation for what a
    /// closure may do.
    ///
    /// With an idempotency key, the answer is kept for 24 hours with the
    /// change itself: the same request again is answered from there.
    ///
    /// Dropping the future does not take back what was handed over.
    pub async fn write<T, E, F>(
        &self,
        context: WriteContext,
        change: F,
    ) -> Result<Written<T>, WriteError<E>>
    where
        T: Serialize + DeserializeOwned,
        E: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let key = context
            .idempotency
            .as_ref()
            .map(|idempotency| idempotency.key.clone());
        let aborted = Arc::new(Mutex::new(None));
        let task = Task {
            context,
            run: erase(change, Arc::clone(&aborted)),
        };
        match self.hand_over(task).await? {
            Answer::Done {
                bytes,
                replayed,
                index,
            } => {
                let value = decode(&bytes).map_err(|error| StoreError::Answer {
                    operation: "decoded",
                    reason: error.to_string(),
                })?;
                Ok(Written {
                    value,
                    replayed,
                    index,
                })
            }
            Answer::Aborted => Err(match take(&aborted) {
                Some(error) => WriteError::Aborted(error),
                None => WriteError::Store(StoreError::Closed),
            }),
            Answer::OtherRequest => Err(WriteError::IdempotencyMismatch {
                key: key.unwrap_or_default(),
            }),
            Answer::Failed(error) => Err(error.into()),
        }
    }

    /// Runs `read` on one moment of the state, in a thread that may block.
    pub async fn read<T, F>(&self, freshness: Freshness, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&ReadConn<'_>) -> Result<T, SqlError> + Send + 'static,
    {
        if freshness == Freshness::Linearizable {
            self.0.proposer.confirm().await?;
        }
        self.0.readers.read(read).await
    }

    /// Number of the last step of the schema that is applied.
    pub async fn schema(&self) -> Result<u32, StoreError> {
        let applied = self.0.machine.migrations().await?;
        Ok(applied.last().map_or(0, |step| step.number))
    }

    /// Index of the last log entry that this member has applied, as it grows.
    pub fn applied(&self) -> watch::Receiver<u64> {
        self.0.machine.applied()
    }

    /// Resolves when the store has died, with the reason; never once it was
    /// closed. The process should then end: every further call fails.
    pub async fn fatal(&self) -> FatalError {
        self.0.fault.wait().await
    }

    /// Writes a consistent copy of the state into a new file: an ordinary
    /// SQLite database. Writes go on meanwhile; an existing file is refused.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let (state, target) = (self.0.state.clone(), path.to_owned());
        let copied = tokio::task::spawn_blocking(move || sqlite::copy_into(&state, &target)).await;
        let site = FaultSite {
            operation: "write",
            path,
        };
        copied
            .map_err(|error| site.io(&std::io::Error::other(error)))?
            .map_err(|reason| StoreError::Backup {
                path: path.to_owned(),
                reason,
            })
    }

    /// Ends the store: what was handed over is finished, later calls fail
    /// with [`StoreError::Closed`]. The files may then be opened again.
    pub async fn close(&self) -> Result<(), StoreError> {
        let Some(parts) = take(&self.0.parts) else {
            return Ok(());
        };
        // A batcher that is gone already has nothing left to stop.
        let _ = self.0.requests.send(Request::Stop).await;
        self.0.readers.close();
        parts.end(&self.0.proposer).await
    }

    async fn hand_over(&self, task: Task) -> Result<Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Write(Job { task, answer });
        self.0
            .requests
            .send(request)
            .await
            .map_err(|_| self.gone())?;
        answered.await.map_err(|_| self.gone())
    }

    fn gone(&self) -> StoreError {
        self.0
            .fault
            .get()
            .map_or(StoreError::Closed, StoreError::Fatal)
    }
}

/// Wraps a closure so that its types are gone: its answer encoded, its error
/// left in `aborted`.
fn erase<T, E, F>(change: F, aborted: Arc<Mutex<Option<E>>>) -> Closure
where
    T: Serialize,
    E: Send + 'static,
    F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
{
    Box::new(move |tx| match change(tx) {
        Ok(value) => encode(&value).map_err(|error| Stop::Unencodable(error.to_string())),
        Err(error) => {
            *aborted
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
            Err(Stop::Aborted)
        }
    })
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take()
}
