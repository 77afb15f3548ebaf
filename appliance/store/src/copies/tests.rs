//! A crash after any action, then a start: nothing is lost and nothing is half.

use std::path::Path;

use tempfile::TempDir;

use super::actions::{Action, perform};
use super::{Places, Release, copy, decide, finish};
use crate::directory::Directory;
use crate::migrations::{Migration, MigrationError, Migrations};
use crate::{Freshness, Query, SqlError, Store, StoreError, StoreOptions, WriteContext};

const NOTES: Migration = Migration::new(
    1,
    "notes",
    "CREATE TABLE notes(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT",
);
/// Takes away what a program with one migration reads.
const RENAMED: Migration =
    Migration::contracting(2, "renamed", "ALTER TABLE notes RENAME TO texts", 2);

const OLD: &[Migration] = &[NOTES];
const NEW: &[Migration] = &[NOTES, RENAMED];

fn release(version: &str) -> Release {
    Release {
        version: version.to_owned(),
        now_ms: 1_700_000_000_000,
    }
}

async fn open(folder: &Path, steps: &[Migration], version: &str) -> Result<Store, StoreError> {
    let migrations = Migrations::new(steps.to_vec()).expect("in order");
    Store::open_release(
        folder,
        migrations,
        StoreOptions::default(),
        &release(version),
    )
    .await
}

async fn write(store: &Store, table: &'static str, id: &'static str) {
    let sql = format!("INSERT INTO {table}(id, body) VALUES ('{id}', 'x')");
    let written = store.write(WriteContext::new("anna", 1), move |tx| {
        tx.execute(&sql, ()).map(drop)
    });
    let written: Result<_, crate::WriteError<SqlError>> = written.await;
    written.expect("written");
}

async fn ids(store: &Store, table: &'static str) -> Vec<String> {
    let sql = format!("SELECT id FROM {table} ORDER BY id");
    let read = store.read(Freshness::Linearizable, move |conn| {
        conn.query(&sql, (), |row| row.get(0))
    });
    read.await.expect("readable")
}

/// A store of release 1 with one note, closed.
async fn old_store() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), OLD, "1").await.expect("opens");
    write(&store, "notes", "a").await;
    store.close().await.expect("closed");
    folder
}

/// A store that release 2 has contracted and written to, closed.
async fn contracted_store() -> TempDir {
    let folder = old_store().await;
    let store = open(folder.path(), NEW, "2").await.expect("opens");
    write(&store, "texts", "b").await;
    store.close().await.expect("closed");
    folder
}

fn places(folder: &Path) -> Places {
    Places::new(Directory::prepare(folder).expect("prepared"))
}

fn copies(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder.join("copies"))
        .into_iter()
        .flatten()
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_contracted_schema_is_put_back_with_a_word_on_what_that_lost() {
    let folder = contracted_store().await;
    let store = open(folder.path(), OLD, "1").await.expect("opens");
    assert_eq!(ids(&store, "notes").await, ["a"]);
    assert_eq!(store.epoch().await.expect("readable"), 1);
    let restored = store.restored().await.expect("readable").expect("a note");
    assert_eq!((restored.before.as_str(), restored.epoch), ("2", 1));
    assert!(restored.entries >= 2, "{restored:?}");
    let texts = &restored.rows[0];
    assert_eq!((texts.table.as_str(), texts.rows), ("texts", 2));

    // It goes on as an ordinary store, and the note waits until it was told.
    write(&store, "notes", "c").await;
    store.close().await.expect("closed");
    let store = open(folder.path(), OLD, "1").await.expect("opens");
    assert!(store.restored().await.expect("readable").is_some());
    store.acknowledge_restored().await.expect("removed");
    assert_eq!(store.restored().await.expect("readable"), None);
    assert_eq!(ids(&store, "notes").await, ["a", "c"]);
    store.close().await.expect("closed");

    // And the newer release may come again.
    let store = open(folder.path(), NEW, "2").await.expect("opens");
    assert_eq!(ids(&store, "texts").await, ["a", "c"]);
    assert_eq!(store.epoch().await.expect("readable"), 1);
}

#[tokio::test]
async fn an_expanded_schema_stays_and_nothing_is_lost() {
    const TAGS: Migration = Migration::new(2, "tags", "CREATE TABLE tags(tag TEXT) STRICT");
    let folder = old_store().await;
    let store = open(folder.path(), &[NOTES, TAGS], "2")
        .await
        .expect("opens");
    write(&store, "notes", "b").await;
    store.close().await.expect("closed");
    let store = open(folder.path(), OLD, "1").await.expect("opens");
    assert_eq!(ids(&store, "notes").await, ["a", "b"]);
    assert_eq!(store.epoch().await.expect("readable"), 0);
    assert_eq!(store.restored().await.expect("readable"), None);
}

#[tokio::test]
async fn a_failed_migration_keeps_the_copy_of_before() {
    let broken = Migration::new(3, "broken", "CREATE TABLE texts(id TEXT)");
    let folder = old_store().await;
    // The first step is applied, the second fails, again and again.
    for _ in 0..3 {
        let refused = open(folder.path(), &[NOTES, RENAMED, broken], "2")
            .await
            .err();
        assert!(
            matches!(refused, Some(StoreError::Migration(_))),
            "{refused:?}"
        );
        assert_eq!(copies(folder.path()), ["1-before-2"]);
    }
    let store = open(folder.path(), OLD, "1").await.expect("opens");
    assert_eq!(ids(&store, "notes").await, ["a"]);
}

#[tokio::test]
async fn two_copies_are_kept() {
    let folder = old_store().await;
    for version in ["2", "3", "4", "5"] {
        let store = open(folder.path(), OLD, version).await.expect("opens");
        store.close().await.expect("closed");
        let store = open(folder.path(), OLD, version).await.expect("opens");
        store.close().await.expect("closed");
    }
    assert_eq!(copies(folder.path()), ["3-before-4", "4-before-5"]);
}

#[tokio::test]
async fn without_a_copy_or_with_other_voters_nothing_is_touched() {
    let folder = contracted_store().await;
    std::fs::remove_dir_all(folder.path().join("copies")).expect("removed");
    let refused = open(folder.path(), OLD, "2").await.err();
    let Some(StoreError::NoWayBack { reason, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason, MigrationError::TooNew { needs: 2, known: 1 });
    let store = open(folder.path(), NEW, "2").await.expect("opens");
    assert_eq!(ids(&store, "texts").await, ["a", "b"]);
}

#[tokio::test]
async fn a_damaged_copy_is_passed_over() {
    let folder = contracted_store().await;
    let copy = folder.path().join("copies/1-before-2/state.db");
    std::fs::write(&copy, "garbage").expect("written");
    let refused = open(folder.path(), OLD, "1").await.err();
    assert!(
        matches!(refused, Some(StoreError::NoWayBack { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_crash_after_any_action_of_copying_costs_nothing() {
    for crash in 0.. {
        let folder = old_store().await;
        let actions = copy(&places(folder.path()), &release("2")).expect("planned");
        let Some(done) = actions.get(..crash) else {
            assert!(crash > 5, "there are actions to crash between");
            return;
        };
        perform(done).expect("done");
        let store = open(folder.path(), NEW, "2").await.expect("opens");
        assert_eq!(ids(&store, "texts").await, ["a"], "after {crash}");
        store.close().await.expect("closed");
        let store = open(folder.path(), OLD, "1").await.expect("opens");
        assert_eq!(ids(&store, "notes").await, ["a"], "after {crash}");
        store.close().await.expect("closed");
    }
}

#[tokio::test]
async fn a_crash_after_any_action_of_putting_back_costs_nothing() {
    let whole = |folder: &Path| -> Vec<Action> {
        let reason = MigrationError::TooNew { needs: 2, known: 1 };
        decide(&places(folder), 1, &release("1"), &reason).expect("planned")
    };
    let mut crash = 0;
    loop {
        let folder = contracted_store().await;
        let first = whole(folder.path());
        perform(&first[..crash.min(first.len())]).expect("done");
        if crash > first.len() {
            let second = finish(&places(folder.path()));
            let Some(done) = second.get(..crash - first.len()) else {
                assert!(crash > 20, "there are actions to crash between");
                return;
            };
            perform(done).expect("done");
        }
        let store = open(folder.path(), OLD, "1").await.expect("opens");
        assert_eq!(ids(&store, "notes").await, ["a"], "after {crash}");
        assert_eq!(store.epoch().await.expect("readable"), 1, "after {crash}");
        let restored = store.restored().await.expect("readable");
        assert!(restored.is_some(), "after {crash}");
        assert!(folder.path().join("replaced.db").exists(), "after {crash}");
        assert!(!folder.path().join("restore").exists(), "after {crash}");
        store.close().await.expect("closed");
        crash += 1;
    }
}
