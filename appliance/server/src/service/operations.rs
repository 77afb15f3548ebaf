//! Operations as the API shows them. Who carries them out: [`crate::work`].

use megh_api_types::{Operation, OperationKind, OperationStatus, Page, UnixMillis};
use megh_store::Tx;
use uuid::Uuid;

use super::paging::Paging;
use super::project;
use crate::app::App;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::rows;
use crate::rows::operations::{OperationRow, Parameters};
use crate::work::Step;

/// Greater than any id: where a list that counts down begins.
const LAST: &str = "~";

/// An operation to be added; id and time are drawn, the rest is decided in the
/// transaction.
#[derive(Debug, Clone)]
pub(crate) struct NewOperation {
    pub(crate) id: Uuid,
    pub(crate) kind: OperationKind,
    pub(crate) steps: &'static [Step],
    pub(crate) parameters: Parameters,
    pub(crate) now: UnixMillis,
}

impl NewOperation {
    pub(crate) fn draw(kind: OperationKind, steps: &'static [Step], clock: &Clock) -> Self {
        Self {
            id: Uuid::now_v7(),
            kind,
            steps,
            parameters: Parameters::default(),
            now: clock.now(),
        }
    }

    fn row(&self, project: Uuid, subject: Uuid) -> OperationRow {
        OperationRow {
            id: self.id,
            project,
            kind: self.kind,
            subject,
            parameters: self.parameters,
            steps: self
                .steps
                .iter()
                .map(|step| step.as_str().to_owned())
                .collect(),
            done: 0,
            progress: 0,
            status: OperationStatus::Running,
            undoing: false,
            error: None,
            created_at: self.now,
            finished_at: None,
        }
    }
}

/// Adds an operation to the work to be done.
pub(crate) fn insert(
    tx: &Tx<'_>,
    new: &NewOperation,
    project: Uuid,
    subject: Uuid,
) -> Result<Operation, Fault> {
    let row = new.row(project, subject);
    rows::operations::insert(tx, &row)?;
    Ok(row.into())
}

/// Adds an operation that has nothing to do: what it was asked is so already.
pub(super) fn insert_done(
    tx: &Tx<'_>,
    new: &NewOperation,
    project: Uuid,
    subject: Uuid,
) -> Result<Operation, Fault> {
    let row = OperationRow {
        steps: Vec::new(),
        status: OperationStatus::Succeeded,
        finished_at: Some(new.now),
        ..new.row(project, subject)
    };
    rows::operations::insert(tx, &row)?;
    Ok(row.into())
}

/// One operation.
pub(crate) async fn get(app: &App, in_project: &str, selector: &str) -> Result<Operation, Fault> {
    let absent = || Fault::not_found("operation", selector);
    let id: Uuid = selector.parse().map_err(|_| absent())?;
    let in_project = in_project.to_owned();
    let found = app.read(move |query| {
        Ok(project(query, &in_project).and_then(|project| {
            Ok(rows::operations::get(query, id)?.filter(|row| row.project == project))
        }))
    });
    found.await??.map(Operation::from).ok_or_else(absent)
}

/// Operations, newest first; those on one subject if given.
pub(crate) async fn list(
    app: &App,
    in_project: &str,
    subject: Option<Uuid>,
    paging: Paging,
) -> Result<Page<Operation>, Fault> {
    let (in_project, before, ask) = (in_project.to_owned(), paging.after(LAST), paging.ask());
    let rows = app.read(move |query| {
        Ok(project(query, &in_project).and_then(|project| {
            Ok(rows::operations::page(
                query, project, subject, &before, ask,
            )?)
        }))
    });
    let operations = rows.await??.into_iter().map(Operation::from).collect();
    Ok(paging.page(operations, |operation: &Operation| operation.id.to_string()))
}
