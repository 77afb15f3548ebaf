//! Reads: connections beside the writing one, each read on one state.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::Semaphore;

use crate::error::{FatalError, FaultSite, SqlError, StoreError, panic_message};
use crate::fault::FaultCell;
use crate::query::Query;
use crate::sqlite;

/// The state as a read sees it: one moment, whatever is written meanwhile.
pub struct ReadConn<'a> {
    connection: &'a Connection,
    path: &'a Path,
    damage: RefCell<Option<FatalError>>,
}

impl Query for ReadConn<'_> {
    fn connection(&self, _sql: &str) -> Result<&Connection, SqlError> {
        Ok(self.connection)
    }

    fn failed(&self, sql: &str, source: rusqlite::Error) -> SqlError {
        if is_damage(&source) {
            let site = FaultSite {
                operation: "read",
                path: self.path,
            };
            self.damage
                .borrow_mut()
                .get_or_insert_with(|| site.fault(&source));
        }
        SqlError::sqlite(sql, source)
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure)
    )
}

/// A fixed number of reading connections.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Pool>);

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
    fault: FaultCell,
}

impl Readers {
    /// Opens `count` connections, at least one.
    pub(crate) fn open(path: &Path, count: usize, fault: FaultCell) -> Result<Self, StoreError> {
        let site = FaultSite {
            operation: "open",
            path,
        };
        let idle: Result<Vec<_>, _> = (0..count.max(1))
            .map(|_| sqlite::open_reader(path))
            .collect();
        let idle = idle.map_err(|error| site.fault(&error))?;
        let turns = Arc::new(Semaphore::new(idle.len()));
        Ok(Self(Arc::new(Pool {
            path: path.to_owned(),
            idle: Mutex::new(idle),
            turns,
            fault,
        })))
    }

    /// Runs `read` on a connection of its own, in a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ReadConn<'_>) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turns = Arc::clone(&self.0.turns);
        let turn = turns
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let pool = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let result = pool.read(read);
            drop(turn);
            result
        });
        done.await.unwrap_or_else(|error| {
            let message = match error.try_into_panic() {
                Ok(panic) => panic_message(panic.as_ref()),
                Err(error) => error.to_string(),
            };
            Err(StoreError::ClosurePanicked { message })
        })
    }

    /// Refuses further reads and closes the connections at rest.
    pub(crate) fn close(&self) {
        self.0.turns.close();
        self.0.idle().clear();
    }
}

impl Pool {
    fn read<T>(
        &self,
        read: impl FnOnce(&ReadConn<'_>) -> Result<T, SqlError>,
    ) -> Result<T, StoreError> {
        let lent = Lent {
            connection: Some(self.take()?),
            pool: self,
        };
        let connection = lent.connection.as_ref().ok_or(StoreError::Closed)?;
        let site = FaultSite {
            operation: "read",
            path: &self.path,
        };
        let moment = connection
            .unchecked_transaction()
            .map_err(|error| site.fault(&error))?;
        let reader = ReadConn {
            connection: &moment,
            path: &self.path,
            damage: RefCell::default(),
        };
        let result = read(&reader);
        match reader.damage.take() {
            Some(damage) => Err(self.fault.report(damage).into()),
            None => Ok(result?),
        }
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        let site = FaultSite {
            operation: "open",
            path: &self.path,
        };
        Ok(sqlite::open_reader(&self.path).map_err(|error| site.fault(&error))?)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back when the read ends, by a panic too.
struct Lent<'a> {
    connection: Option<Connection>,
    pool: &'a Pool,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let (Some(connection), false) = (self.connection.take(), self.pool.turns.is_closed()) {
            self.pool.idle().push(connection);
        }
    }
}
