//! Two planners on one state: whoever comes second plans again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::batcher::{Answer, Batcher, Job, Request};
use crate::command::{Batch, Command, Outcome};
use crate::encoding::{decode, encode};
use crate::machine::{Stop, Task};
use crate::start::{self, Started};
use crate::{Migration, Migrations, Query, SqlError, StoreOptions, Tx, WriteContext};

const CLICKS: i64 = 150;

async fn started(folder: &tempfile::TempDir) -> Started {
    let sql = "CREATE TABLE counter(value INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (0)";
    let migrations = Migrations::new(vec![Migration::new(1, "counter", sql)]);
    let migrations = migrations.expect("numbered from one");
    let started = start::start(folder.path(), &migrations, &StoreOptions::default()).await;
    started.expect("the store starts")
}

fn click(tx: &Tx<'_>) -> Result<i64, SqlError> {
    let value: i64 = tx.query_one("SELECT value FROM counter", (), |row| row.get(0))?;
    tx.execute("UPDATE counter SET value = ?1", (value + 1,))?;
    Ok(value + 1)
}

fn batcher(started: &Started) -> mpsc::Sender<Request> {
    let (requests, queue) = mpsc::channel(16);
    let (machine, proposer) = (started.machine.clone(), started.proposer.clone());
    tokio::spawn(Batcher { machine, proposer }.run(queue));
    requests
}

async fn click_through(requests: &mpsc::Sender<Request>, runs: Arc<AtomicUsize>) -> i64 {
    let run = move |tx: &Tx<'_>| {
        runs.fetch_add(1, Ordering::SeqCst);
        let value = click(tx).map_err(|_| Stop::Aborted)?;
        encode(&value).map_err(|error| Stop::Unencodable(error.to_string()))
    };
    let task = Task {
        context: WriteContext::new("anna", 0),
        run: Box::new(run),
    };
    let (answer, answered) = oneshot::channel();
    let sent = requests.send(Request::Write(Job { task, answer })).await;
    assert!(sent.is_ok(), "the batcher runs");
    match answered.await {
        Ok(Answer::Done { bytes, .. }) => decode(&bytes).expect("a number"),
        _ => panic!("the click counts"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closures_run_again_until_nobody_came_between() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = started(&folder).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let mut clickers = JoinSet::new();
    for requests in [batcher(&started), batcher(&started)] {
        let runs = Arc::clone(&runs);
        clickers.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..CLICKS {
                seen.push(click_through(&requests, Arc::clone(&runs)).await);
            }
            seen
        });
    }
    let mut seen = clickers.join_all().await.concat();
    seen.sort_unstable();
    assert_eq!(
        seen,
        (1..=2 * CLICKS).collect::<Vec<_>>(),
        "none lost, none twice"
    );
    let runs = i64::try_from(runs.load(Ordering::SeqCst)).expect("few");
    assert!(runs > 2 * CLICKS, "some met a conflict: {runs} runs");
}

#[tokio::test]
async fn a_batch_proposed_twice_is_applied_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = started(&folder).await;
    let task = Task {
        context: WriteContext::new("anna", 0),
        run: Box::new(|tx| click(tx).map(|_| Vec::new()).map_err(|_| Stop::Aborted)),
    };
    let (plan, _) = started.machine.plan(vec![task]).await.expect("planned");
    let batch = Batch {
        request: uuid::Uuid::new_v4(),
        base: plan.base,
        now_ms: 0,
        changes: plan.changes,
    };
    let propose = |batch: &Batch| {
        let (proposer, command) = (started.proposer.clone(), Command::Write(batch.clone()));
        async move { proposer.propose(command).await.expect("proposed") }
    };
    let first = propose(&batch).await;
    assert!(matches!(first, Outcome::Applied { .. }), "{first:?}");
    assert_eq!(propose(&batch).await, first, "the same entry is named");

    let stale = Batch {
        request: uuid::Uuid::new_v4(),
        ..batch.clone()
    };
    assert_eq!(propose(&stale).await, Outcome::Conflict);

    let head = started.machine.head().await.expect("readable");
    let mut other = Batch {
        request: uuid::Uuid::new_v4(),
        base: head,
        ..batch
    };
    other.changes[0].statements[0].changed = 7;
    let refused = propose(&other).await;
    assert!(matches!(refused, Outcome::Refused { .. }), "{refused:?}");

    let ahead = Batch {
        request: uuid::Uuid::new_v4(),
        base: head + 1000,
        ..other
    };
    let dead = started.proposer.propose(Command::Write(ahead)).await;
    assert!(dead.is_err(), "{dead:?}");
    let fault = started.fault.wait().await;
    assert!(
        matches!(fault, crate::FatalError::Diverged { .. }),
        "{fault:?}"
    );
}
