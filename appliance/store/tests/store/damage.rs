//! Damaged, missing and foreign files: a clear refusal that names the file.

use std::path::Path;

use megh_store::{FatalError, Freshness, Query, SqlError, Store, StoreError, StoreOptions};
use tempfile::TempDir;

use crate::support::{NOTES, anna, bodies, eager, folder, open, open_with, steps};

/// A closed store with some notes in it.
async fn filled(options: StoreOptions) -> TempDir {
    let folder = folder();
    let store = open_with(folder.path(), options).await;
    for number in 0..60_i64 {
        let written = store.write(anna(), move |tx| -> Result<(), SqlError> {
            let row = (format!("{number:03}"), "x".repeat(500));
            tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", row)
                .map(drop)
        });
        written.await.expect("written");
    }
    store.close().await.expect("closed");
    folder
}

async fn refused(folder: &Path) -> StoreError {
    let opened = Store::open(folder, steps(&[NOTES]), StoreOptions::default()).await;
    opened.err().expect("damage is noticed")
}

fn assert_corrupt(error: &StoreError, file: &str) {
    let StoreError::Fatal(FatalError::Corrupt { path, .. }) = error else {
        panic!("{error:?}")
    };
    assert!(path.ends_with(file), "{error}");
    assert!(error.to_string().contains(file), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    for file in ["state.db", "raft.db"] {
        let folder = filled(StoreOptions::default()).await;
        std::fs::write(folder.path().join(file), "not a database at all").expect("written");
        assert_corrupt(&refused(folder.path()).await, file);
    }
}

#[tokio::test]
async fn a_damaged_page_is_named() {
    for file in ["state.db", "raft.db"] {
        let folder = filled(StoreOptions::default()).await;
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("read");
        let pages = bytes.len() / 4096;
        assert!(pages > 4, "{file} has {pages} pages");
        for page in 1..pages {
            bytes[page * 4096..page * 4096 + 64].fill(0xee);
        }
        std::fs::write(&path, bytes).expect("written");
        assert_corrupt(&refused(folder.path()).await, file);
    }
}

#[tokio::test]
async fn a_flipped_bit_in_a_log_record_is_noticed() {
    let folder = filled(StoreOptions::default()).await;
    let log = rusqlite::Connection::open(folder.path().join("raft.db")).expect("opens");
    let sql = "UPDATE log SET record = CAST(replace(record, 'xxxx', 'xxxy') AS BLOB)
               WHERE position = (SELECT max(position) FROM log)";
    let flipped = log.execute(sql, []).expect("updated");
    assert_eq!(flipped, 1);
    drop(log);
    assert_corrupt(&refused(folder.path()).await, "raft.db");
}

#[tokio::test]
async fn a_state_without_its_log_is_refused() {
    let folder = filled(StoreOptions::default()).await;
    std::fs::remove_file(folder.path().join("raft.db")).expect("removed");
    assert_corrupt(&refused(folder.path()).await, "raft.db");
}

#[tokio::test]
async fn a_log_without_its_beginning_and_its_snapshot_is_refused() {
    let folder = filled(eager()).await;
    for file in ["state.db", "snapshot.db"] {
        std::fs::remove_file(folder.path().join(file)).expect("removed");
    }
    assert_corrupt(&refused(folder.path()).await, "state.db");
}

#[tokio::test]
async fn a_damaged_snapshot_harms_no_sound_state() {
    let folder = filled(eager()).await;
    std::fs::write(folder.path().join("snapshot.db"), "nonsense").expect("written");
    let store = open(folder.path()).await;
    assert_eq!(bodies(&store).await.len(), 60);
}

#[tokio::test]
async fn foreign_and_newer_files_are_refused() {
    let folder = filled(StoreOptions::default()).await;
    let path = folder.path().join("state.db");
    let state = rusqlite::Connection::open(&path).expect("opens");
    state.pragma_update(None, "user_version", 99).expect("set");
    let error = refused(folder.path()).await;
    assert!(
        matches!(
            error,
            StoreError::Format {
                found: 99,
                understood: 1,
                ..
            }
        ),
        "{error:?}"
    );
    state.pragma_update(None, "application_id", 7).expect("set");
    drop(state);
    assert_corrupt(&refused(folder.path()).await, "state.db");
}

#[tokio::test]
async fn damage_met_while_running_kills_the_store_clearly() {
    let folder = filled(StoreOptions::default()).await;
    let store = open(folder.path()).await;
    let path = folder.path().join("state.db");
    let mut bytes = std::fs::read(&path).expect("read");
    for page in 1..bytes.len() / 4096 {
        bytes[page * 4096..page * 4096 + 64].fill(0xee);
    }
    std::fs::write(&path, bytes).expect("written");
    let sql = "SELECT sum(length(body)) FROM notes";
    let read = store
        .read(Freshness::Local, move |conn| {
            conn.query_one(sql, (), |row| row.get::<i64>(0))
        })
        .await;
    let Err(StoreError::Fatal(error)) = read else {
        panic!("{read:?}")
    };
    assert!(matches!(error, FatalError::Corrupt { .. }), "{error:?}");
    assert_eq!(store.fatal().await, error);
}
