//! The log alone gives the same rows again, and so does a snapshot with the
//! rest of the log.

use std::path::Path;

use megh_store::{Query, SqlError, Store, StoreError, StoreOptions, WriteContext};

use crate::support::{NOON, anna, bodies, eager, folder, open_with, row_hash};

/// Writes of several kinds, some with answers to keep, some refused.
async fn busy(store: &Store) {
    for number in 0..80_i64 {
        let context = WriteContext::new("anna", NOON + number);
        let context = match number % 3 {
            0 => context.with_idempotency(number.to_string(), [7; 32]),
            _ => context,
        };
        let written = store.write(context, move |tx| -> Result<i64, SqlError> {
            let id = format!("{:02}", number % 25);
            let sql = "INSERT INTO notes(id, body) VALUES (?1, ?2)
                       ON CONFLICT(id) DO UPDATE SET body = body || excluded.body";
            tx.execute(sql, (id, number.to_string()))?;
            tx.execute("UPDATE counters SET value = value + ?1", (number,))?;
            if number % 7 == 0 {
                tx.execute(
                    "DELETE FROM notes WHERE id < ?1",
                    (format!("{:02}", number % 5),),
                )?;
            }
            tx.query_one("SELECT value FROM counters", (), |row| row.get(0))
        });
        written.await.expect("written");
    }
}

async fn reopened_hash(folder: &Path, options: StoreOptions) -> String {
    let store = open_with(folder, options).await;
    store.close().await.expect("closed");
    row_hash(folder)
}

#[tokio::test]
async fn a_log_replayed_from_its_beginning_gives_the_same_rows() {
    let first = folder();
    let store = open_with(first.path(), StoreOptions::default()).await;
    busy(&store).await;
    store.close().await.expect("closed");

    let second = folder();
    std::fs::copy(first.path().join("raft.db"), second.path().join("raft.db")).expect("copied");
    let replayed = reopened_hash(second.path(), StoreOptions::default()).await;
    assert_eq!(replayed, row_hash(first.path()));
}

#[tokio::test]
async fn a_lost_state_comes_back_from_snapshot_and_log() {
    let folder = folder();
    let store = open_with(folder.path(), eager()).await;
    busy(&store).await;
    store.close().await.expect("closed");
    let before = row_hash(folder.path());
    assert!(folder.path().join("snapshot.db").exists());

    std::fs::remove_file(folder.path().join("state.db")).expect("removed");
    assert_eq!(reopened_hash(folder.path(), eager()).await, before);
}

/// What a power cut may do to the state, which is synced at checkpoints only.
#[tokio::test]
async fn a_state_set_back_in_time_catches_up() {
    for options in [StoreOptions::default(), eager()] {
        let folder = folder();
        let store = open_with(folder.path(), options.clone()).await;
        let older = folder.path().join("older.db");
        store.backup(&older).await.expect("copied");
        busy(&store).await;
        store.close().await.expect("closed");
        let before = row_hash(folder.path());

        std::fs::rename(older, folder.path().join("state.db")).expect("set back");
        assert_eq!(reopened_hash(folder.path(), options).await, before);
    }
}

#[tokio::test]
async fn the_log_does_not_grow_for_ever() {
    let folder = folder();
    let store = open_with(folder.path(), eager()).await;
    busy(&store).await;
    store.close().await.expect("closed");
    let log = rusqlite::Connection::open(folder.path().join("raft.db")).expect("opens");
    let entries: i64 = log
        .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
        .expect("counted");
    assert!(entries < 60, "{entries} entries are kept");
}

#[tokio::test]
async fn a_backup_is_a_plain_database_and_never_overwrites() {
    let folder = folder();
    let store = open_with(folder.path(), StoreOptions::default()).await;
    busy(&store).await;
    let copy = folder.path().join("backup.db");
    store.backup(&copy).await.expect("backed up");

    let expected = bodies(&store).await;
    let backup = rusqlite::Connection::open(&copy).expect("opens");
    let mut rows = backup
        .prepare("SELECT body FROM notes ORDER BY id")
        .expect("readable");
    let rows = rows.query_map([], |row| row.get(0)).expect("readable");
    assert_eq!(
        rows.collect::<Result<Vec<String>, _>>().expect("rows"),
        expected
    );

    let again = store.backup(&copy).await;
    assert!(matches!(again, Err(StoreError::Backup { .. })), "{again:?}");
    let written = store.write(anna(), |tx| tx.execute("DELETE FROM notes", ()));
    written.await.expect("the store goes on");
}
