//! The schema's steps.

use megh_store::{Freshness, Migration, MigrationError, Query, SqlError, Store, StoreError};

use crate::support::{NOTES, anna, bodies, folder, steps};

const TAGS: Migration = Migration::new(
    2,
    "tags",
    "CREATE TABLE tags(note TEXT NOT NULL REFERENCES notes(id) ON DELETE CASCADE,
       tag TEXT NOT NULL, PRIMARY KEY(note, tag)) STRICT;
     CREATE INDEX tags_by_tag ON tags(tag);",
);

const COLOUR: Migration = Migration::new(
    3,
    "colour",
    "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",
);

/// Rebuilds a table that others refer to, as SQLite needs it for most changes.
const REBUILD: Migration = Migration::new(
    4,
    "rebuild",
    "CREATE TABLE notes_new(id TEXT PRIMARY KEY, body TEXT NOT NULL,
       colour TEXT NOT NULL CHECK (colour <> '')) STRICT;
     INSERT INTO notes_new(id, body, colour) SELECT id, body, colour FROM notes ORDER BY id;
     DROP TABLE notes;
     ALTER TABLE notes_new RENAME TO notes;",
);

const ALL: [Migration; 4] = [NOTES, TAGS, COLOUR, REBUILD];

async fn open(folder: &std::path::Path, migrations: &[Migration]) -> Result<Store, StoreError> {
    Store::open(folder, steps(migrations), Default::default()).await
}

async fn schema(store: &Store) -> Vec<String> {
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
    let schema = store
        .read(Freshness::Local, |conn| {
            conn.query(sql, (), |row| row.get(0))
        })
        .await;
    schema.expect("readable")
}

#[tokio::test]
async fn every_older_version_comes_up_to_date() {
    let fresh = folder();
    let newest = schema(&open(fresh.path(), &ALL).await.expect("opens")).await;
    for known in 1..ALL.len() {
        let folder = folder();
        let old = open(folder.path(), &ALL[..known]).await.expect("opens");
        old.write(anna(), move |tx| -> Result<(), SqlError> {
            tx.execute("INSERT INTO notes(id, body) VALUES ('a', 'kept')", ())?;
            if known >= 2 {
                tx.execute("INSERT INTO tags(note, tag) VALUES ('a', 'red')", ())?;
            }
            Ok(())
        })
        .await
        .expect("written");
        old.close().await.expect("closed");

        let new = open(folder.path(), &ALL).await.expect("opens");
        assert_eq!(schema(&new).await, newest, "from version {known}");
        assert_eq!(bodies(&new).await, ["kept"], "from version {known}");
        let tags = crate::support::count(&new, "tags").await;
        assert_eq!(tags, i64::from(known >= 2), "rebuilding cascades nowhere");
        new.close().await.expect("closed");
    }
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let folder = folder();
    open(folder.path(), &ALL)
        .await
        .expect("opens")
        .close()
        .await
        .expect("closed");
    let edited = Migration::new(2, "tags", "CREATE TABLE tags(other TEXT)");
    let refused = open(folder.path(), &[NOTES, edited, COLOUR]).await.err();
    let Some(StoreError::Migration(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        error,
        MigrationError::Edited {
            number: 2,
            name: "tags".to_owned()
        }
    );
    open(folder.path(), &ALL)
        .await
        .expect("the folder is free and unharmed");
}

#[tokio::test]
async fn an_older_program_runs_on_a_newer_schema() {
    let folder = folder();
    open(folder.path(), &ALL[..3])
        .await
        .expect("opens")
        .close()
        .await
        .expect("closed");
    let old = open(folder.path(), &ALL[..1]).await.expect("opens");
    old.write(anna(), |tx| -> Result<(), SqlError> {
        tx.execute(
            "INSERT INTO notes(id, body) VALUES ('a', 'after rollback')",
            (),
        )
        .map(drop)
    })
    .await
    .expect("written");
    assert_eq!(bodies(&old).await, ["after rollback"]);
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing() {
    let folder = folder();
    let broken = Migration::new(
        2,
        "broken",
        "CREATE TABLE half(a TEXT); CREATE TABLE notes(a)",
    );
    let refused = open(folder.path(), &[NOTES, broken]).await.err();
    let Some(StoreError::Migration(MigrationError::Failed { number: 2, .. })) = refused else {
        panic!("{refused:?}")
    };
    let store = open(folder.path(), &[NOTES]).await.expect("opens");
    assert!(!schema(&store).await.iter().any(|sql| sql.contains("half")));
}

#[tokio::test]
async fn a_migration_that_breaks_references_is_refused() {
    let folder = folder();
    let orphan = Migration::new(
        3,
        "orphan",
        "INSERT INTO tags(note, tag) VALUES ('none', 'x')",
    );
    let refused = open(folder.path(), &[NOTES, TAGS, orphan]).await.err();
    let Some(StoreError::Migration(MigrationError::Failed { reason, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert!(reason.contains("missing row"), "{reason}");
}

#[test]
fn numbers_have_no_gaps() {
    let gap = megh_store::Migrations::new(vec![NOTES, COLOUR]);
    assert_eq!(
        gap.err(),
        Some(MigrationError::Numbering {
            expected: 2,
            found: 3
        })
    );
}
