//! Operations.

use megh_api_types::{Operation, OperationKind, OperationStatus, Step, StepStatus, UnixMillis};
use megh_store::{Query, Row, SqlError, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::text::Text;

/// What an operation was asked to do beyond its kind. Fields are added with a
/// default only: older rows lack them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Stop by cutting the power.
    pub force: bool,
}

/// An operation as it is kept.
#[derive(Debug, Clone)]
pub struct OperationRow {
    /// Its id.
    pub id: Uuid,
    /// The project it belongs to.
    pub project: Uuid,
    /// What it does.
    pub kind: OperationKind,
    /// What it is about.
    pub subject: Uuid,
    /// What it was asked.
    pub parameters: Parameters,
    /// Names of its steps.
    pub steps: Vec<String>,
    /// How many of them are done.
    pub done: usize,
    /// Percent of the step under way.
    pub progress: u8,
    /// How far it is.
    pub status: OperationStatus,
    /// Whether what a failed step left is being taken back.
    pub undoing: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When it ended.
    pub finished_at: Option<UnixMillis>,
}

impl From<OperationRow> for Operation {
    fn from(row: OperationRow) -> Self {
        let status = |index: usize| match row.status {
            _ if index < row.done => StepStatus::Succeeded,
            OperationStatus::Running if index == row.done && !row.undoing => StepStatus::Running,
            OperationStatus::Failed | OperationStatus::Running if index == row.done => {
                StepStatus::Failed
            }
            _ => StepStatus::Pending,
        };
        let steps: Vec<_> = row
            .steps
            .iter()
            .enumerate()
            .map(|(index, name)| Step {
                name: name.clone(),
                status: status(index),
            })
            .collect();
        let percent = match row.status {
            OperationStatus::Succeeded => 100,
            _ => (row.done * 100 + usize::from(row.progress)) / steps.len().max(1),
        };
        Self {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            status: row.status,
            steps,
            percent: u8::try_from(percent).unwrap_or(100).min(100),
            error: row.error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// The operation of this id.
pub(crate) fn get(query: &impl Query, id: Uuid) -> Result<Option<OperationRow>, SqlError> {
    query.query_opt("SELECT * FROM operations WHERE id = ?1", [id], read)
}

/// The operation under way on a subject.
pub(crate) fn under_way(
    query: &impl Query,
    subject: Uuid,
) -> Result<Option<OperationRow>, SqlError> {
    query.query_opt(
        "SELECT * FROM operations WHERE subject_id = ?1 AND status = 'running'",
        [subject],
        read,
    )
}

/// All operations under way, oldest first.
pub(crate) fn all_under_way(query: &impl Query) -> Result<Vec<OperationRow>, SqlError> {
    query.query(
        "SELECT * FROM operations WHERE status = 'running' ORDER BY id",
        (),
        read,
    )
}

/// Operations of a project, newest first, older than `before`; of one subject if given.
pub(crate) fn page(
    query: &impl Query,
    project: Uuid,
    subject: Option<Uuid>,
    before: &str,
    limit: u32,
) -> Result<Vec<OperationRow>, SqlError> {
    let sql = "SELECT * FROM operations WHERE project_id = ?1 AND id < ?2
        AND (?3 IS NULL OR subject_id = ?3) ORDER BY id DESC LIMIT ?4";
    query.query(sql, (project, before, subject, limit), read)
}

/// Adds an operation.
pub(crate) fn insert(tx: &Tx<'_>, row: &OperationRow) -> Result<(), SqlError> {
    let sql = "INSERT INTO operations (id, project_id, kind, subject_id, parameters, steps, status, created_at,
        finished_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let (parameters, steps) = (json(&row.parameters), json(&row.steps));
    let (kind, status) = (row.kind.text(), row.status.text());
    let times = (row.created_at, row.finished_at);
    let values = (
        row.id,
        row.project,
        kind,
        row.subject,
        parameters,
        steps,
        status,
        times.0,
        times.1,
    );
    tx.execute(sql, values).map(drop)
}

/// Notes that one more step is done.
pub(crate) fn step_done(tx: &Tx<'_>, id: Uuid, done: u32) -> Result<(), SqlError> {
    tx.execute(
        "UPDATE operations SET done = ?2, progress = 0 WHERE id = ?1",
        (id, done),
    )
    .map(drop)
}

/// Notes how far the step under way is.
pub(crate) fn set_progress(tx: &Tx<'_>, id: Uuid, percent: u8) -> Result<(), SqlError> {
    tx.execute(
        "UPDATE operations SET progress = ?2 WHERE id = ?1",
        (id, percent),
    )
    .map(drop)
}

/// Notes that a step failed; from now on its traces are taken back.
pub(crate) fn set_undoing(tx: &Tx<'_>, id: Uuid, error: &str) -> Result<(), SqlError> {
    tx.execute(
        "UPDATE operations SET undoing = 1, error = ?2 WHERE id = ?1",
        (id, error),
    )
    .map(drop)
}

/// Ends an operation because another one takes its place.
pub(crate) fn supersede(tx: &Tx<'_>, id: Uuid, by: &str, now: UnixMillis) -> Result<(), SqlError> {
    let sql = "UPDATE operations SET status = ?2, error = ?3, finished_at = ?4 WHERE id = ?1";
    let error = format!("it was overtaken by a request to {by}");
    tx.execute(sql, (id, OperationStatus::Failed.text(), error, now))
        .map(drop)
}

/// Ends an operation.
pub(crate) fn finish(
    tx: &Tx<'_>,
    id: Uuid,
    status: OperationStatus,
    now: UnixMillis,
) -> Result<(), SqlError> {
    let sql = "UPDATE operations SET status = ?2, finished_at = ?3, progress = 0 WHERE id = ?1";
    tx.execute(sql, (id, status.text(), now)).map(drop)
}

/// Whether operations ended before `time`.
pub(crate) fn any_finished_before(query: &impl Query, time: UnixMillis) -> Result<bool, SqlError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM operations WHERE finished_at < ?1)";
    query.query_one(sql, [time], |row| row.get(0))
}

/// Forgets operations that ended before `time`.
pub(crate) fn delete_finished_before(tx: &Tx<'_>, time: UnixMillis) -> Result<(), SqlError> {
    tx.execute("DELETE FROM operations WHERE finished_at < ?1", [time])
        .map(drop)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
}

/// A column of JSON.
struct Json<T>(T);

impl<T: serde::de::DeserializeOwned> std::str::FromStr for Json<T> {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }
}

fn read(row: &Row<'_>) -> Result<OperationRow, SqlError> {
    Ok(OperationRow {
        id: row.parse("id")?,
        project: row.parse("project_id")?,
        kind: OperationKind::column(row, "kind")?,
        subject: row.parse("subject_id")?,
        parameters: row.parse::<Json<Parameters>>("parameters")?.0,
        steps: row.parse::<Json<Vec<String>>>("steps")?.0,
        done: row.get::<u32>("done")? as usize,
        progress: row.get("progress")?,
        status: OperationStatus::column(row, "status")?,
        undoing: row.get("undoing")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}
