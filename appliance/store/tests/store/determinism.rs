//! What replicated SQL may not say.

use megh_store::{
    Migration, MigrationError, Query, Refusal, SqlError, Store, StoreError, StoreOptions,
    WriteError,
};

use crate::support::{NOTES, anna, count, folder, open, steps};

async fn refusal(store: &Store, sql: &'static str) -> Refusal {
    let refused = store
        .write(anna(), move |tx| tx.execute(sql, ()).map(drop))
        .await;
    match refused {
        Err(WriteError::Aborted(SqlError::Refused { reason, .. })) => reason,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn a_write_has_no_clock_and_no_dice() {
    let folder = folder();
    let store = open(folder.path()).await;
    for sql in [
        "INSERT INTO notes VALUES ('a', CURRENT_TIMESTAMP)",
        "INSERT INTO notes VALUES ('a', datetime('now'))",
        "INSERT INTO notes VALUES ('a', hex(randomblob(16)))",
        "INSERT INTO notes VALUES ('a', random())",
        "UPDATE counters SET value = unixepoch()",
        "UPDATE counters SET value = last_insert_rowid()",
        "UPDATE counters SET value = sqlite_compileoption_used('X')",
    ] {
        let reason = refusal(&store, sql).await;
        assert!(
            matches!(reason, Refusal::NotDeterministic(_)),
            "{sql}: {reason:?}"
        );
    }
    assert_eq!(count(&store, "notes").await, 0);
}

#[tokio::test]
async fn a_write_changes_rows_and_nothing_else() {
    let folder = folder();
    let store = open(folder.path()).await;
    for sql in [
        "CREATE TABLE t(a)",
        "DROP TABLE notes",
        "ALTER TABLE notes ADD COLUMN c TEXT",
        "DELETE FROM _store_meta",
        "PRAGMA user_version = 7",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "ATTACH DATABASE 'x' AS x",
        "ANALYZE",
        "INSERT OR ROLLBACK INTO notes VALUES ('a', 'b')",
        "DELETE FROM notes; DELETE FROM counters",
    ] {
        let reason = refusal(&store, sql).await;
        assert!(
            matches!(reason, Refusal::NotAllowed(_)),
            "{sql}: {reason:?}"
        );
    }
    assert_eq!(count(&store, "counters").await, 1);
}

#[tokio::test]
async fn queries_and_changes_are_told_apart() {
    let folder = folder();
    let store = open(folder.path()).await;
    assert_eq!(refusal(&store, "SELECT 1").await, Refusal::QueryInExecute);
    let refused = store
        .write(anna(), |tx| {
            tx.query("DELETE FROM notes RETURNING id", (), |row| {
                row.get::<i64>(0)
            })
        })
        .await;
    let Err(WriteError::Aborted(SqlError::Refused { reason, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason, Refusal::WritesInQuery);
}

#[tokio::test]
async fn migrations_are_deterministic_too() {
    for sql in [
        "CREATE TABLE t(a TEXT DEFAULT CURRENT_TIMESTAMP)",
        "CREATE TABLE t(a TEXT DEFAULT (datetime('now')))",
        "CREATE TABLE t(a INTEGER DEFAULT (random()))",
        "INSERT INTO notes VALUES (hex(randomblob(4)), 'x')",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN
           UPDATE notes SET body = date('now'); END",
        "PRAGMA foreign_keys = OFF",
        "COMMIT",
        "DROP TABLE _store_answers",
    ] {
        let folder = folder();
        let migrations = steps(&[NOTES, Migration::new(2, "bad", sql)]);
        let refused = Store::open(folder.path(), migrations, StoreOptions::default()).await;
        let Err(StoreError::Migration(MigrationError::Failed {
            number: 2, reason, ..
        })) = refused
        else {
            panic!("{sql}: {:?}", refused.err())
        };
        assert!(
            reason.contains("not deterministic") || reason.contains("not allowed"),
            "{reason}"
        );
        let store = open(folder.path()).await;
        assert_eq!(
            count(&store, "notes").await,
            0,
            "the store opens without it"
        );
    }
}
