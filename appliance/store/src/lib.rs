//! The replicated state of an appliance: SQL transactions whose effects go
//! through a raft log before they are applied.
//!
//! One appliance is a cluster with one voter; further members change no code
//! path. The service layer sees ordinary SQL:
//!
//! ```no_run
//! use megh_store::{
//!     Freshness, Migration, Migrations, Query, SqlError, Store, StoreOptions, WriteContext,
//!     WriteError,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let migrations = Migrations::new(vec![Migration::new(
//!     1,
//!     "notes",
//!     "CREATE TABLE notes(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT",
//! )])?;
//! let directory = std::path::Path::new("/var/lib/meghos/control");
//! let store = Store::open(directory, migrations, StoreOptions::default()).await?;
//!
//! let context = WriteContext::new("user:anna", 1_700_000_000_000);
//! let written = store
//!     .write(context, |tx| -> Result<i64, SqlError> {
//!         tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", ("a", "hello"))?;
//!         tx.query_one("SELECT count(*) FROM notes", (), |row| row.get(0))
//!     })
//!     .await?;
//! assert_eq!(written.value, 1);
//!
//! let bodies: Vec<String> = store
//!     .read(Freshness::Local, |conn| {
//!         conn.query("SELECT body FROM notes", (), |row| row.get("body"))
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Rules for closures given to [`Store::write`]:
//! - They are pure: they may run several times, and only the last run counts.
//!   Time, ids and random values are drawn before and moved in.
//! - Their SQL is deterministic: `random()`, the date functions,
//!   `CURRENT_TIMESTAMP` and the like are refused, in migrations too.
//! - They do not change the schema: only migrations do.
//! - An error returned by a closure leaves nothing behind.
//!
//! Invariants:
//! - Nothing is acknowledged before it is on disk in the log.
//! - No row changes but through an entry of the log, migrations included.
//! - No other crate opens these files, and no other crate uses SQLite.
//! - A disk that is full or broken never panics: it ends in [`FatalError`],
//!   and [`Store::fatal`] resolves.

mod context;
mod encoding;
mod error;
mod migrations;
mod options;
mod query;
mod value;

pub use context::{Freshness, Idempotency, WriteContext, Written};
pub use error::{FatalError, Refusal, SqlError, StoreError, WriteError};
pub use migrations::{Migration, MigrationError, Migrations};
pub use options::StoreOptions;
pub use query::{Query, Row};
pub use rusqlite::types::FromSql;
pub use value::{IntoParams, Value};

// The signatures of `Store`, until its module stands below:
//
// Store: Clone + Send + Sync
// async fn open(directory: &Path, migrations: Migrations, options: StoreOptions) -> Result<Store, StoreError>
// async fn write<T, E, F>(&self, context: WriteContext, change: F) -> Result<Written<T>, WriteError<E>>
//     where T: Serialize + DeserializeOwned, E: Send + 'static, F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static
// async fn read<T, F>(&self, freshness: Freshness, read: F) -> Result<T, StoreError>
//     where T: Send + 'static, F: FnOnce(&ReadConn<'_>) -> Result<T, SqlError> + Send + 'static
// fn applied(&self) -> watch::Receiver<u64>
// async fn fatal(&self) -> FatalError
// async fn backup(&self, path: &Path) -> Result<(), StoreError>
// async fn close(&self) -> Result<(), StoreError>
// Tx: Query + fn execute(&self, sql: &str, params: impl IntoParams) -> Result<usize, SqlError>
// ReadConn: Query
