//! What the store notes of an operation: each in one transaction with what it
//! means for the subject.

use megh_api_types::{
    DesiredState, ImageFormat, ImageState, OperationKind, OperationStatus, UnixMillis,
};
use megh_store::Tx;
use uuid::Uuid;

use super::plan::Step;
use super::steps::Outcome;
use super::undo::Seen;
use crate::fault::Fault;
use crate::rows;
use crate::rows::instances::Observed;
use crate::rows::operations::OperationRow;

/// Whether the operation is still to be carried out: it may have been overtaken.
fn is_under_way(tx: &Tx<'_>, id: Uuid) -> Result<bool, Fault> {
    let row = rows::operations::get(tx, id)?;
    Ok(row.is_some_and(|row| row.status == OperationStatus::Running))
}

/// Notes that a step is done, and what it found.
pub(super) fn step_done(
    tx: &Tx<'_>,
    row: &OperationRow,
    step: Step,
    outcome: &Outcome,
    boot: &str,
) -> Result<(), Fault> {
    let id = row.subject;
    // What was done outside is so, overtaken or not.
    match (step, outcome) {
        (_, Outcome::Overtaken) => return Ok(()),
        (Step::Inspect, Outcome::Image(info)) => {
            let format = match info.format {
                megh_storage::ImageFormat::Raw => ImageFormat::Raw,
                megh_storage::ImageFormat::Qcow2 => ImageFormat::Qcow2,
            };
            rows::images::recognised(tx, id, format, info.virtual_size)?;
        }
        (Step::Define, _) => rows::instances::set_made(tx, id, true)?,
        (Step::Start, _) => rows::instances::set_observed(tx, id, Observed::Running, boot)?,
        (Step::Stop, _) => rows::instances::set_observed(tx, id, Observed::Stopped, boot)?,
        (Step::Undefine, _) => {
            rows::instances::set_observed(tx, id, Observed::Stopped, boot)?;
            rows::instances::set_made(tx, id, false)?;
        }
        _ => {}
    }
    if is_under_way(tx, row.id)? {
        let done = u32::try_from(row.done + 1).map_err(Fault::internal)?;
        rows::operations::step_done(tx, row.id, done)?;
    }
    Ok(())
}

/// Notes that a step failed: what was done is taken back next.
pub(super) fn step_failed(tx: &Tx<'_>, id: Uuid, error: &str) -> Result<(), Fault> {
    if is_under_way(tx, id)? {
        rows::operations::set_undoing(tx, id, error)?;
    }
    Ok(())
}

/// Ends an operation whose steps are all done.
pub(super) fn succeeded(tx: &Tx<'_>, row: &OperationRow, now: UnixMillis) -> Result<(), Fault> {
    if !is_under_way(tx, row.id)? {
        return Ok(());
    }
    match row.kind {
        OperationKind::ImageImport => {
            rows::images::set_state(tx, row.subject, ImageState::Ready, None)?
        }
        OperationKind::ImageDelete => rows::images::delete(tx, row.subject)?,
        OperationKind::InstanceDelete => rows::instances::delete(tx, row.subject)?,
        OperationKind::InstanceCreate
        | OperationKind::InstanceStart
        | OperationKind::InstanceStop => {}
    }
    Ok(rows::operations::finish(
        tx,
        row.id,
        OperationStatus::Succeeded,
        now,
    )?)
}

/// Ends an operation that failed, after what it left was taken back.
pub(super) fn failed(
    tx: &Tx<'_>,
    row: &OperationRow,
    seen: Option<&Seen>,
    boot: &str,
    now: UnixMillis,
) -> Result<(), Fault> {
    if !is_under_way(tx, row.id)? {
        return Ok(());
    }
    let error = row.error.as_deref();
    match row.kind {
        OperationKind::ImageImport | OperationKind::ImageDelete => {
            rows::images::set_state(tx, row.subject, ImageState::Failed, error)?;
        }
        _ => {
            let seen = seen.copied().unwrap_or(Seen {
                made: false,
                observed: Observed::Stopped,
            });
            let desired = match seen.observed {
                Observed::Running => DesiredState::Running,
                Observed::Stopped => DesiredState::Stopped,
            };
            rows::instances::set_made(tx, row.subject, seen.made)?;
            rows::instances::set_desired(tx, row.subject, desired)?;
            rows::instances::set_observed(tx, row.subject, seen.observed, boot)?;
            rows::instances::set_error(tx, row.subject, error)?;
        }
    }
    Ok(rows::operations::finish(
        tx,
        row.id,
        OperationStatus::Failed,
        now,
    )?)
}
