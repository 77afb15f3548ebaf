//! Writes and reads on one member.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use megh_store::{Freshness, Query, SqlError, Store, StoreError, Tx, WriteContext, WriteError};
use tokio::task::JoinSet;

use crate::support::{NOON, anna, bodies, count, folder, open};

fn note(id: &'static str, body: &'static str) -> impl Fn(&Tx<'_>) -> Result<(), SqlError> {
    move |tx| {
        tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", (id, body))
            .map(drop)
    }
}

async fn click(store: &Store) -> i64 {
    let written = store
        .write(anna(), |tx| -> Result<i64, SqlError> {
            let before: i64 =
                tx.query_one("SELECT value FROM counters", (), |row| row.get("value"))?;
            tx.execute("UPDATE counters SET value = ?1", (before + 1,))?;
            Ok(before + 1)
        })
        .await;
    written.expect("the click counts").value
}

#[tokio::test]
async fn what_is_written_is_read_and_survives_a_restart() {
    let folder = folder();
    let store = open(folder.path()).await;
    let written = store
        .write(anna(), note("a", "hello"))
        .await
        .expect("written");
    assert!(!written.replayed);
    assert_eq!(*store.applied().borrow(), written.index);
    assert_eq!(bodies(&store).await, ["hello"]);
    store.close().await.expect("closed");

    let store = open(folder.path()).await;
    assert_eq!(bodies(&store).await, ["hello"]);
    store
        .write(anna(), note("b", "again"))
        .await
        .expect("written");
    assert_eq!(bodies(&store).await, ["hello", "again"]);
}

#[tokio::test]
async fn a_closure_sees_its_own_changes() {
    let folder = folder();
    let store = open(folder.path()).await;
    let written = store
        .write(anna(), |tx| -> Result<Option<String>, SqlError> {
            note("a", "hello")(tx)?;
            tx.query_opt("SELECT body FROM notes WHERE id = ?1", ("a",), |row| {
                row.get(0)
            })
        })
        .await;
    assert_eq!(written.expect("written").value.as_deref(), Some("hello"));
}

#[derive(Debug, thiserror::Error)]
enum Full {
    #[error("the notebook is full")]
    Full,
    #[error(transparent)]
    Sql(#[from] SqlError),
}

#[tokio::test]
async fn an_error_of_the_closure_leaves_nothing() {
    let folder = folder();
    let store = open(folder.path()).await;
    let index = *store.applied().borrow();
    let refused = store
        .write(anna(), |tx| -> Result<(), Full> {
            note("a", "hello")(tx)?;
            Err(Full::Full)
        })
        .await;
    assert!(
        matches!(refused, Err(WriteError::Aborted(Full::Full))),
        "{refused:?}"
    );
    assert_eq!(count(&store, "notes").await, 0);
    assert_eq!(*store.applied().borrow(), index, "no entry was written");
}

#[tokio::test]
async fn a_unique_violation_is_told_apart() {
    let folder = folder();
    let store = open(folder.path()).await;
    store
        .write(anna(), note("a", "hello"))
        .await
        .expect("written");
    let refused = store
        .write(anna(), note("a", "other"))
        .await
        .expect_err("exists");
    let WriteError::Aborted(error) = refused else {
        panic!("{refused:?}")
    };
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(bodies(&store).await, ["hello"]);
}

#[tokio::test]
async fn a_failed_statement_may_be_survived() {
    let folder = folder();
    let store = open(folder.path()).await;
    let written = store
        .write(anna(), |tx| -> Result<bool, SqlError> {
            note("a", "first")(tx)?;
            let second = note("a", "second")(tx);
            note("b", "third")(tx)?;
            Ok(second.is_err_and(|error| error.is_unique_violation()))
        })
        .await;
    assert!(written.expect("written").value);
    assert_eq!(bodies(&store).await, ["first", "third"]);
}

#[tokio::test]
async fn concurrent_read_modify_writes_lose_nothing() {
    let folder = folder();
    let store = open(folder.path()).await;
    let mut clicks = JoinSet::new();
    for _ in 0..300 {
        let store = store.clone();
        clicks.spawn(async move { click(&store).await });
    }
    let mut seen = clicks.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=300).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_failing_neighbour_in_the_batch_harms_nobody() {
    let folder = folder();
    let store = open(folder.path()).await;
    let mut writes = JoinSet::new();
    for number in 0..100_i64 {
        let store = store.clone();
        writes.spawn(async move {
            let written = store.write(anna(), move |tx| -> Result<(), Full> {
                let id = number.to_string();
                tx.execute("INSERT INTO notes(id, body) VALUES (?1, 'x')", (id,))?;
                if number % 3 == 0 {
                    Err(Full::Full)
                } else {
                    Ok(())
                }
            });
            written.await.is_ok()
        });
    }
    let written = writes
        .join_all()
        .await
        .into_iter()
        .filter(|done| *done)
        .count();
    assert_eq!(written, 66);
    assert_eq!(count(&store, "notes").await, 66);
}

#[tokio::test]
async fn a_panic_in_a_closure_is_an_error_of_that_write() {
    let folder = folder();
    let store = open(folder.path()).await;
    let failed = store
        .write(anna(), |tx| -> Result<(), SqlError> {
            note("a", "hello")(tx)?;
            panic!("out of tea")
        })
        .await;
    let Err(WriteError::Store(StoreError::ClosurePanicked { message })) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(message, "out of tea");
    assert_eq!(count(&store, "notes").await, 0);
    store
        .write(anna(), note("b", "still here"))
        .await
        .expect("the store goes on");
}

#[tokio::test]
async fn a_write_that_changes_nothing_needs_no_entry() {
    let folder = folder();
    let store = open(folder.path()).await;
    let index = *store.applied().borrow();
    let written = store
        .write(anna(), |tx| -> Result<usize, SqlError> {
            tx.execute("UPDATE notes SET body = 'x' WHERE id = 'nobody'", ())
        })
        .await
        .expect("written");
    assert_eq!(written.value, 0);
    assert_eq!(*store.applied().borrow(), index);
}

#[tokio::test]
async fn large_changes_are_split_over_entries_or_refused() {
    let folder = folder();
    let store = open(folder.path()).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let mut writes = JoinSet::new();
    for number in 0..8_i64 {
        let (store, runs) = (store.clone(), Arc::clone(&runs));
        writes.spawn(async move {
            let body = "x".repeat(700 << 10);
            let written = store.write(anna(), move |tx| -> Result<(), SqlError> {
                runs.fetch_add(1, Ordering::SeqCst);
                let row = (number.to_string(), body.clone());
                tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", row)
                    .map(drop)
            });
            written.await.map(|written| written.index)
        });
    }
    let indices = writes.join_all().await;
    assert!(indices.iter().all(Result::is_ok), "{indices:?}");
    assert_eq!(count(&store, "notes").await, 8);
    assert_eq!(runs.load(Ordering::SeqCst), 8, "each ran once");

    let body = "x".repeat(9 << 20);
    let refused = store
        .write(anna(), move |tx| -> Result<(), SqlError> {
            let row = ("huge", body.clone());
            tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", row)
                .map(drop)
        })
        .await;
    let too_large = matches!(refused, Err(WriteError::Store(StoreError::TooLarge { .. })));
    assert!(too_large, "{refused:?}");
    assert_eq!(count(&store, "notes").await, 8);
}

#[tokio::test]
async fn reads_cannot_write() {
    let folder = folder();
    let store = open(folder.path()).await;
    let refused = store
        .read(Freshness::Local, |conn| {
            conn.query("DELETE FROM counters RETURNING name", (), |row| {
                row.get::<String>(0)
            })
        })
        .await;
    assert!(
        matches!(refused, Err(StoreError::Sql(SqlError::Refused { .. }))),
        "{refused:?}"
    );
    assert_eq!(count(&store, "counters").await, 1);
}

#[tokio::test]
async fn one_row_means_one_row() {
    let folder = folder();
    let store = open(folder.path()).await;
    store
        .write(anna(), note("a", "one"))
        .await
        .expect("written");
    store
        .write(anna(), note("b", "two"))
        .await
        .expect("written");
    let ask = |sql: &'static str| {
        store.read(Freshness::Local, move |conn| {
            conn.query_one(sql, (), |row| row.get::<String>(0))
        })
    };
    let none = ask("SELECT id FROM notes WHERE id = 'x'").await;
    assert!(
        matches!(none, Err(StoreError::Sql(SqlError::NoRow { .. }))),
        "{none:?}"
    );
    let many = ask("SELECT id FROM notes").await;
    assert!(
        matches!(many, Err(StoreError::Sql(SqlError::SeveralRows { .. }))),
        "{many:?}"
    );
}

#[tokio::test]
async fn a_second_opening_is_refused_and_a_closed_store_says_so() {
    let folder = folder();
    let store = open(folder.path()).await;
    let second = Store::open(
        folder.path(),
        crate::support::steps(&[crate::support::NOTES]),
        megh_store::StoreOptions::default(),
    );
    let refused = second.await.err();
    assert!(
        matches!(refused, Some(StoreError::Locked { .. })),
        "{refused:?}"
    );
    store.close().await.expect("closed");
    store.close().await.expect("closing twice is harmless");
    let late = store
        .write(WriteContext::new("late", NOON), note("z", "z"))
        .await;
    assert!(
        matches!(late, Err(WriteError::Store(StoreError::Closed))),
        "{late:?}"
    );
    let late = store.read(Freshness::Local, |_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
}

#[tokio::test]
async fn a_dropped_store_frees_its_folder() {
    let folder = folder();
    drop(open(folder.path()).await);
    let opened = async {
        let steps = crate::support::steps(&[crate::support::NOTES]);
        while Store::open(folder.path(), steps.clone(), Default::default())
            .await
            .is_err()
        {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), opened)
        .await
        .expect("it is free");
}
