//! Random sequences of closures, against a plain SQLite database that makes
//! the same changes without any log.

use std::collections::BTreeMap;

use megh_store::{Freshness, Query, SqlError, Store, Tx, WriteContext, WriteError};
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;

use crate::support::{NOON, NOTES, eager, folder, open_with};

/// One statement of a closure.
#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u16),
    Update(u8, u16),
    Delete(u8),
    Append(u8),
}

#[derive(Debug, Clone)]
enum Action {
    Write {
        steps: Vec<Step>,
        abort: bool,
        key: Option<u8>,
    },
    Together(Vec<Vec<Step>>),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u8;
    prop_oneof![
        (id.clone(), any::<u16>()).prop_map(|(id, body)| Step::Insert(id, body)),
        (id.clone(), any::<u16>()).prop_map(|(id, body)| Step::Update(id, body)),
        id.clone().prop_map(Step::Delete),
        id.prop_map(Step::Append),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let write = (
        vec(step(), 0..4),
        any::<bool>(),
        proptest::option::of(0..4_u8),
    );
    prop_oneof![
        8 => write.prop_map(|(steps, abort, key)| Action::Write { steps, abort, key }),
        2 => vec(vec(step(), 1..3), 2..5).prop_map(Action::Together),
        1 => Just(Action::Reopen),
    ]
}

impl Step {
    fn statement(&self) -> (&'static str, Vec<String>) {
        match self {
            Self::Insert(id, body) => (
                "INSERT INTO notes(id, body) VALUES (?1, ?2)",
                vec![id.to_string(), body.to_string()],
            ),
            Self::Update(id, body) => (
                "UPDATE notes SET body = ?2 WHERE id = ?1",
                vec![id.to_string(), body.to_string()],
            ),
            Self::Delete(id) => ("DELETE FROM notes WHERE id > ?1", vec![id.to_string()]),
            Self::Append(id) => (
                "UPDATE notes SET body = body || (SELECT count(*) FROM notes) WHERE id <> ?1",
                vec![id.to_string()],
            ),
        }
    }
}

/// Makes the steps, ignoring those that a constraint refuses, and answers how
/// many rows they changed.
fn make(tx: &Tx<'_>, steps: &[Step]) -> Result<usize, SqlError> {
    let mut changed = 0;
    for step in steps {
        let (sql, params) = step.statement();
        let params = params
            .into_iter()
            .map(Into::into)
            .collect::<Vec<megh_store::Value>>();
        match tx.execute(sql, params) {
            Ok(rows) => changed += rows,
            Err(error) if error.is_constraint_violation() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

#[derive(Debug)]
enum Stop {
    OnPurpose,
    Sql(#[expect(dead_code, reason = "shown when a case fails")] SqlError),
}

/// What the store should hold.
struct Model {
    database: Connection,
    answers: BTreeMap<u8, usize>,
}

impl Model {
    fn new() -> Self {
        let database = Connection::open_in_memory().expect("a database");
        database.execute_batch(NOTES.sql).expect("the schema");
        Self {
            database,
            answers: BTreeMap::new(),
        }
    }

    fn make(&self, steps: &[Step]) -> usize {
        let make = |step: &Step| {
            let (sql, params) = step.statement();
            self.database
                .execute(sql, rusqlite::params_from_iter(params))
                .unwrap_or(0)
        };
        steps.iter().map(make).sum()
    }

    fn notes(&self) -> Vec<(String, String)> {
        let mut rows = self
            .database
            .prepare("SELECT id, body FROM notes ORDER BY id")
            .expect("readable");
        let rows = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("readable");
        rows.collect::<Result<_, _>>().expect("rows")
    }
}

async fn write(
    store: &Store,
    model: &mut Model,
    steps: Vec<Step>,
    abort: bool,
    key: Option<u8>,
) -> Result<(), TestCaseError> {
    let mut context = WriteContext::new("anna", NOON);
    if let Some(key) = key {
        context = context.with_idempotency(key.to_string(), [key; 32]);
    }
    let done = steps.clone();
    let written = store
        .write(context, move |tx| match make(tx, &done) {
            Ok(_) if abort => Err(Stop::OnPurpose),
            Ok(changed) => Ok(changed),
            Err(error) => Err(Stop::Sql(error)),
        })
        .await;
    let kept = key.and_then(|key| model.answers.get(&key).copied());
    match (kept, written) {
        (Some(answer), Ok(written)) => {
            prop_assert!(written.replayed);
            prop_assert_eq!(written.value, answer);
        }
        (None, Err(WriteError::Aborted(Stop::OnPurpose))) => prop_assert!(abort),
        (None, Ok(written)) => {
            prop_assert!(!abort && !written.replayed);
            prop_assert_eq!(written.value, model.make(&steps));
            if let Some(key) = key {
                model.answers.insert(key, written.value);
            }
        }
        (kept, written) => prop_assert!(false, "{kept:?} {written:?}"),
    }
    Ok(())
}

/// Writes at the same time: the order is the store's choice, and the numbers
/// that each closure saw tell it.
async fn write_together(
    store: &Store,
    model: &Model,
    closures: Vec<Vec<Step>>,
) -> Result<(), TestCaseError> {
    let mut running = Vec::new();
    for steps in closures {
        let store = store.clone();
        running.push(tokio::spawn(async move {
            let done = steps.clone();
            let context = WriteContext::new("anna", NOON);
            let written = store.write(context, move |tx| -> Result<i64, SqlError> {
                tx.execute("UPDATE counters SET value = value + 1", ())?;
                make(tx, &done)?;
                tx.query_one("SELECT value FROM counters", (), |row| row.get(0))
            });
            (written.await.map(|written| written.value), steps)
        }));
    }
    let mut order = BTreeMap::new();
    for done in running {
        let (turn, steps) = done.await.expect("no panic");
        order.insert(
            turn.map_err(|error| TestCaseError::fail(error.to_string()))?,
            steps,
        );
    }
    for steps in order.into_values() {
        model.make(&steps);
    }
    Ok(())
}

async fn run(actions: Vec<Action>) -> Result<(), TestCaseError> {
    let folder = folder();
    let mut store = open_with(folder.path(), eager()).await;
    let mut model = Model::new();
    for action in actions {
        match action {
            Action::Write { steps, abort, key } => {
                write(&store, &mut model, steps, abort, key).await?;
            }
            Action::Together(closures) => write_together(&store, &model, closures).await?,
            Action::Reopen => {
                store.close().await.expect("closed");
                store = open_with(folder.path(), eager()).await;
            }
        }
        let sql = "SELECT id, body FROM notes ORDER BY id";
        let notes = store
            .read(Freshness::Local, move |conn| {
                conn.query(sql, (), |row| Ok((row.get("id")?, row.get("body")?)))
            })
            .await
            .expect("readable");
        prop_assert_eq!(notes, model.notes());
    }
    store.close().await.expect("closed");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_plain_sqlite_would(actions in vec(action(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(run(actions))?;
    }
}
