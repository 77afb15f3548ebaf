//! Answers kept for repeated requests.

use megh_store::{SqlError, Store, Tx, WriteContext, WriteError, Written};
use tokio::task::JoinSet;

use crate::support::{NOON, count, folder, open};

const DAY: i64 = 24 * 60 * 60 * 1000;

type Result<T> = std::result::Result<T, WriteError<SqlError>>;

/// Adds a note and answers how many there are.
fn add(tx: &Tx<'_>) -> std::result::Result<i64, SqlError> {
    use megh_store::Query;
    let many: i64 = tx.query_one("SELECT count(*) FROM notes", (), |row| row.get(0))?;
    tx.execute(
        "INSERT INTO notes(id, body) VALUES (?1, 'x')",
        (many.to_string(),),
    )?;
    Ok(many + 1)
}

async fn post(store: &Store, who: &str, key: &str, hash: u8, at: i64) -> Result<Written<i64>> {
    let context = WriteContext::new(who, at).with_idempotency(key, [hash; 32]);
    store.write(context, add).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let folder = folder();
    let store = open(folder.path()).await;
    let first = post(&store, "anna", "k", 1, NOON).await.expect("written");
    assert_eq!((first.value, first.replayed), (1, false));
    let again = post(&store, "anna", "k", 1, NOON + 1000)
        .await
        .expect("answered");
    assert_eq!(
        (again.value, again.replayed, again.index),
        (1, true, first.index)
    );
    assert_eq!(count(&store, "notes").await, 1);

    store.close().await.expect("closed");
    let store = open(folder.path()).await;
    let again = post(&store, "anna", "k", 1, NOON + 2000)
        .await
        .expect("answered");
    assert_eq!(
        (again.value, again.replayed, again.index),
        (1, true, first.index)
    );
}

#[tokio::test]
async fn the_key_of_another_request_is_refused() {
    let folder = folder();
    let store = open(folder.path()).await;
    post(&store, "anna", "k", 1, NOON).await.expect("written");
    let refused = post(&store, "anna", "k", 2, NOON).await;
    let Err(WriteError::IdempotencyMismatch { key }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(key, "k");
    assert_eq!(count(&store, "notes").await, 1);
}

#[tokio::test]
async fn keys_are_private_to_a_principal() {
    let folder = folder();
    let store = open(folder.path()).await;
    post(&store, "anna", "k", 1, NOON).await.expect("written");
    let other = post(&store, "bert", "k", 2, NOON).await.expect("written");
    assert!(!other.replayed);
    assert_eq!(count(&store, "notes").await, 2);
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let folder = folder();
    let store = open(folder.path()).await;
    post(&store, "anna", "k", 1, NOON).await.expect("written");
    let late = post(&store, "anna", "k", 1, NOON + DAY - 1)
        .await
        .expect("answered");
    assert!(late.replayed);
    let later = post(&store, "anna", "k", 2, NOON + DAY)
        .await
        .expect("written anew");
    assert!(!later.replayed);
    assert_eq!(count(&store, "notes").await, 2);
    assert_eq!(
        count(&store, "_store_answers").await,
        1,
        "the expired answer is gone"
    );
}

#[tokio::test]
async fn of_many_at_once_one_writes() {
    let folder = folder();
    let store = open(folder.path()).await;
    let mut posts = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        posts.spawn(async move { post(&store, "anna", "k", 1, NOON).await.expect("answered") });
    }
    let answers = posts.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    let index = answers[0].index;
    assert!(
        answers
            .iter()
            .all(|answer| answer.value == 1 && answer.index == index)
    );
    assert_eq!(count(&store, "notes").await, 1);
}

#[tokio::test]
async fn a_refused_request_keeps_no_answer() {
    let folder = folder();
    let store = open(folder.path()).await;
    let context = || WriteContext::new("anna", NOON).with_idempotency("k", [1; 32]);
    let refused: Result<Written<()>> = store
        .write(context(), |tx| {
            tx.execute("INSERT INTO nowhere VALUES (1)", ()).map(drop)
        })
        .await;
    assert!(
        matches!(refused, Err(WriteError::Aborted(_))),
        "{refused:?}"
    );
    let written = store.write(context(), add).await.expect("written");
    assert!(!written.replayed);
}

#[tokio::test]
async fn an_answer_without_a_change_is_kept_too() {
    let folder = folder();
    let store = open(folder.path()).await;
    let context = || WriteContext::new("anna", NOON).with_idempotency("k", [1; 32]);
    let ask = |answer: &'static str| {
        store.write(
            context(),
            move |_| -> std::result::Result<String, SqlError> { Ok(answer.to_owned()) },
        )
    };
    assert_eq!(ask("first").await.expect("answered").value, "first");
    let again = ask("second").await.expect("answered");
    assert_eq!((again.value.as_str(), again.replayed), ("first", true));
}
