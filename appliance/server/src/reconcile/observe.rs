//! Looks at the guests and does what they need.

use std::collections::HashMap;
use std::sync::Arc;

use megh_api_types::{DesiredState, OperationKind};
use megh_hypervisor::DomainState;
use megh_model::vm::Action;
use megh_store::Tx;
use uuid::Uuid;

use super::decide::{Need, decide};
use crate::app::App;
use crate::fault::Fault;
use crate::health::Part;
use crate::rows;
use crate::rows::instances::{InstanceRow, Observed};
use crate::service::instances::ask;
use crate::service::operations::NewOperation;
use crate::service::system::pool_capacity;
use crate::work;

/// Looks at every guest once.
pub(super) async fn observe(app: &Arc<App>) -> Result<(), Fault> {
    // The hypervisor is asked first: whatever it has then has a row already.
    let listed = app.hypervisor(|hypervisor| hypervisor.list()).await?;
    let seen = listed
        .as_ref()
        .map(drop)
        .map_err(|error| error as &dyn std::fmt::Display);
    app.checks.note(Part::Hypervisor, seen);
    let domains = listed.map_err(|error| quiet(&error))?;
    let states: HashMap<_, _> = domains
        .iter()
        .filter(|domain| domain.ours)
        .map(|domain| (domain.id, domain.state))
        .collect();
    let rows = app.read(|query| rows::instances::all(query)).await?;
    for row in &rows {
        let state = states.get(&row.id).copied();
        attend(app, row, state).await?;
    }
    let unknown = states
        .keys()
        .filter(|id| rows.iter().all(|row| row.id != **id));
    for id in unknown.copied() {
        remove_unknown(app, id).await?;
    }
    Ok(())
}

async fn attend(
    app: &Arc<App>,
    row: &InstanceRow,
    state: Option<DomainState>,
) -> Result<(), Fault> {
    let need = decide(row, state, &app.settings.host_boot);
    match need {
        Need::Nothing => return Ok(()),
        Need::Define => return define_again(app, row).await,
        // After a power cut the pool may come later than the control plane.
        Need::Start if pool_capacity(app).await?.is_err() => return Ok(()),
        _ => tracing::info!(instance = %row.id, ?need, "differs from what should be"),
    }
    let (id, boot, now) = (row.id, app.settings.host_boot.clone(), app.clock.now());
    let operation = Uuid::now_v7();
    app.write_own(move |tx| match rows::instances::get(tx, id)? {
        // Somebody may have asked for something meanwhile.
        Some(row) if decide(&row, state, &boot) == need => {
            note(tx, &row, need, &boot, operation, now)
        }
        _ => Ok(()),
    })
    .await?;
    app.work.notify_one();
    Ok(())
}

fn note(
    tx: &Tx<'_>,
    row: &InstanceRow,
    need: Need,
    boot: &str,
    operation: Uuid,
    now: i64,
) -> Result<(), Fault> {
    let observed = match need {
        Need::NoteRunning | Need::Stop => Observed::Running,
        _ => Observed::Stopped,
    };
    rows::instances::set_observed(tx, row.id, observed, boot)?;
    match need {
        Need::NoteEnded => rows::instances::set_desired(tx, row.id, DesiredState::Stopped)?,
        Need::NoteCrashed => {
            rows::instances::set_desired(tx, row.id, DesiredState::Stopped)?;
            rows::instances::set_error(tx, row.id, Some("the guest crashed"))?;
        }
        Need::Start => act(tx, row, Action::Start, operation, now)?,
        Need::Stop => act(tx, row, Action::Stop, operation, now)?,
        Need::Nothing | Need::Define | Need::NoteRunning | Need::NoteStopped => {}
    }
    Ok(())
}

fn act(tx: &Tx<'_>, row: &InstanceRow, action: Action, id: Uuid, now: i64) -> Result<(), Fault> {
    let (kind, steps, parameters) = work::operation_of(action, row.made);
    debug_assert!(matches!(
        kind,
        OperationKind::InstanceStart | OperationKind::InstanceStop
    ));
    let new = NewOperation {
        id,
        kind,
        steps,
        parameters,
        now,
    };
    // Read again: the row has just been brought up to date.
    match rows::instances::get(tx, row.id)? {
        Some(row) => ask(tx, &row, action, &new).map(drop),
        None => Ok(()),
    }
}

/// Gives the hypervisor the definition it has lost. When the disk is gone as
/// well there is nothing to define: the instance says so.
async fn define_again(app: &Arc<App>, row: &InstanceRow) -> Result<(), Fault> {
    let Err(cause) = work::define(app, row.id).await else {
        tracing::warn!(instance = %row.id, "the hypervisor had lost the definition; it has it again");
        return Ok(());
    };
    let error = format!("it cannot be defined: {cause}");
    if row.error.as_deref() == Some(&error) {
        return Ok(());
    }
    tracing::warn!(instance = %row.id, cause, "cannot be defined again");
    let (id, boot) = (row.id, app.settings.host_boot.clone());
    app.write_own(move |tx| {
        rows::instances::set_observed(tx, id, Observed::Stopped, &boot)?;
        rows::instances::set_desired(tx, id, DesiredState::Stopped)?;
        Ok(rows::instances::set_error(tx, id, Some(&error))?)
    })
    .await
}

/// Removes a virtual machine of ours that no row knows.
async fn remove_unknown(app: &App, id: Uuid) -> Result<(), Fault> {
    if !app.ownership.is_claimed() {
        return Ok(());
    }
    tracing::warn!(%id, "removing a virtual machine that nobody knows");
    app.hypervisor(move |hypervisor| hypervisor.undefine(id))
        .await?
        .map_err(|error| quiet(&error))
}

/// A fault for the reconciler's own note; the cause is in the journal already.
pub(super) fn quiet(cause: &dyn std::fmt::Display) -> Fault {
    Fault::new(megh_api_types::ProblemCode::Unavailable, cause.to_string())
}
