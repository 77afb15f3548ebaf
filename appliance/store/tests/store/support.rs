//! A store in a folder of its own, with one small schema.

use std::path::Path;

use megh_store::{Freshness, Migration, Migrations, Query, Store, StoreOptions, WriteContext};
use tempfile::TempDir;

/// A moment, in milliseconds since 1970.
pub const NOON: i64 = 1_700_000_000_000;

pub const NOTES: Migration = Migration::new(
    1,
    "notes",
    "CREATE TABLE notes(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
     INSERT INTO counters(name, value) VALUES ('clicks', 0);",
);

/// A folder that goes away with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Opens the store in `folder` with the small schema.
pub async fn open(folder: &Path) -> Store {
    open_with(folder, StoreOptions::default()).await
}

/// [`open`] with other options.
pub async fn open_with(folder: &Path, options: StoreOptions) -> Store {
    Store::open(folder, steps(&[NOTES]), options)
        .await
        .expect("the store opens")
}

/// Migrations in order.
pub fn steps(steps: &[Migration]) -> Migrations {
    Migrations::new(steps.to_vec()).expect("numbered from one")
}

/// Someone writing at noon.
pub fn anna() -> WriteContext {
    WriteContext::new("anna", NOON)
}

/// Number of rows of a table.
pub async fn count(store: &Store, table: &'static str) -> i64 {
    store
        .read(Freshness::Local, move |conn| {
            conn.query_one(&format!("SELECT count(*) FROM {table}"), (), |row| {
                row.get(0)
            })
        })
        .await
        .expect("the table is there")
}

/// Bodies of all notes, in order of their ids.
pub async fn bodies(store: &Store) -> Vec<String> {
    store
        .read(Freshness::Linearizable, |conn| {
            conn.query("SELECT body FROM notes ORDER BY id", (), |row| {
                row.get("body")
            })
        })
        .await
        .expect("the notes are there")
}
