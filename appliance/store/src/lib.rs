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

mod batcher;
mod command;
mod context;
mod copies;
mod directory;
mod encoding;
mod error;
mod fault;
mod files;
mod log;
mod machine;
mod migrate;
mod migrations;
mod network;
mod options;
mod proposer;
mod query;
mod raft;
mod readers;
mod rules;
mod sqlite;
mod start;
mod store;
#[cfg(test)]
mod tests;
mod tx;
mod types;
mod value;
mod worker;

pub use context::{Freshness, Idempotency, WriteContext, Written};
pub use copies::{LostRows, Release, Restored};
pub use error::{FatalError, Refusal, SqlError, StoreError, WriteError};
pub use migrations::{Migration, MigrationError, Migrations};
pub use options::StoreOptions;
pub use query::{Query, Row};
pub use readers::ReadConn;
pub use rusqlite::types::FromSql;
pub use store::Store;
pub use tx::Tx;
pub use value::{IntoParams, Value};
