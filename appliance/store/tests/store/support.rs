//! A store in a folder of its own, with one small schema.

use std::path::Path;

use megh_store::{Freshness, Migration, Migrations, Query, Store, StoreOptions, WriteContext};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A moment, in milliseconds since 1970.
pub(crate) const NOON: i64 = 1_700_000_000_000;

pub(crate) const NOTES: Migration = Migration::new(
    1,
    "notes",
    "CREATE TABLE notes(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
     INSERT INTO counters(name, value) VALUES ('clicks', 0);",
);

/// A folder that goes away with the test; in memory where that is possible,
/// because most tests are about SQL and not about disks.
pub(crate) fn folder() -> TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    memory
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}

/// Opens the store in `folder` with the small schema.
pub(crate) async fn open(folder: &Path) -> Store {
    open_with(folder, StoreOptions::default()).await
}

/// [`open`] with other options.
pub(crate) async fn open_with(folder: &Path, options: StoreOptions) -> Store {
    Store::open(folder, steps(&[NOTES]), options)
        .await
        .expect("the store opens")
}

/// Migrations in order.
pub(crate) fn steps(steps: &[Migration]) -> Migrations {
    Migrations::new(steps.to_vec()).expect("numbered from one")
}

/// Someone writing at noon.
pub(crate) fn anna() -> WriteContext {
    WriteContext::new("anna", NOON)
}

/// Number of rows of a table.
pub(crate) async fn count(store: &Store, table: &'static str) -> i64 {
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
pub(crate) async fn bodies(store: &Store) -> Vec<String> {
    store
        .read(Freshness::Linearizable, |conn| {
            conn.query("SELECT body FROM notes ORDER BY id", (), |row| {
                row.get("body")
            })
        })
        .await
        .expect("the notes are there")
}

/// Snapshots and purges of the log every few entries.
pub(crate) fn eager() -> StoreOptions {
    StoreOptions {
        snapshot_every: 20,
        keep_entries: 5,
        ..StoreOptions::default()
    }
}

/// Hash of every row of the application's tables and of the kept answers, in
/// the state file of a closed store.
pub(crate) fn row_hash(folder: &Path) -> String {
    let state = rusqlite::Connection::open(folder.join("state.db")).expect("the state is there");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> '_store_meta'
               ORDER BY name";
    let mut tables = state.prepare(sql).expect("readable");
    let tables = tables
        .query_map([], |row| row.get::<_, String>(0))
        .expect("readable");
    let mut hash = Sha256::new();
    for table in tables.map(|table| table.expect("a name")) {
        hash.update(&table);
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
        let mut rows = state.prepare(&sql).expect("readable");
        let columns = rows.column_count();
        let mut rows = rows.query([]).expect("readable");
        while let Some(row) = rows.next().expect("readable") {
            for column in 0..columns {
                hash.update(format!("{:?}", row.get_ref(column).expect("a value")));
            }
        }
    }
    format!("{:x}", hash.finalize())
}
