//! Takes back what a failed operation left outside. Like steps, this may be
//! done again; unlike them it does not fail: what cannot be taken back now is
//! taken back when its owner deletes the subject.

use std::sync::Arc;

use megh_api_types::OperationKind;
use megh_hypervisor::{DomainState, StopMode};

use super::drive::StepError;
use super::steps::{forced, remove_disk, remove_file, undefine};
use crate::app::App;
use crate::rows;
use crate::rows::instances::Observed;
use crate::rows::operations::OperationRow;

/// How an instance is found after taking back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Whether its disk and definition exist.
    pub(super) made: bool,
    /// Whether its guest runs.
    pub(super) observed: Observed,
}

/// Takes back what is left; how an instance is found afterwards.
pub(super) async fn take_back(app: &Arc<App>, row: &OperationRow) -> Option<Seen> {
    let taken_back = match row.kind {
        OperationKind::ImageImport => remove_import(app, row).await,
        OperationKind::ImageDelete => Ok(()),
        OperationKind::InstanceCreate => remove_instance(app, row).await,
        OperationKind::InstanceStart => undo_start(app, row).await,
        // Nothing was made: what is removed stays so, and a guest that did not
        // stop goes on.
        OperationKind::InstanceStop | OperationKind::InstanceDelete => Ok(()),
    };
    if let Err(error) = taken_back {
        tracing::warn!(operation = %row.id, subject = %row.subject, cause = error.message, "cannot be taken back");
    }
    match row.kind {
        OperationKind::ImageImport | OperationKind::ImageDelete => None,
        OperationKind::InstanceCreate => Some(Seen {
            made: false,
            observed: Observed::Stopped,
        }),
        _ => Some(look(app, row).await),
    }
}

async fn remove_import(app: &App, row: &OperationRow) -> Result<(), StepError> {
    let id = row.subject;
    app.pool(move |pool| {
        remove_file(&pool.upload_path(id));
        pool.delete_image(id)
    })
    .await??;
    Ok(())
}

async fn remove_instance(app: &App, row: &OperationRow) -> Result<(), StepError> {
    let undefined = undefine(app, row.subject).await;
    remove_disk(app, row.subject).await?;
    undefined
}

/// A guest that did not start whole is cut off; one that was never whole is
/// removed again.
async fn undo_start(app: &App, row: &OperationRow) -> Result<(), StepError> {
    let id = row.subject;
    app.hypervisor(move |hypervisor| forced(hypervisor.stop(id, StopMode::Force)))
        .await??;
    let whole = app
        .read(move |query| rows::instances::get(query, id))
        .await?
        .is_some_and(|row| row.made);
    if whole {
        Ok(())
    } else {
        remove_instance(app, row).await
    }
}

async fn look(app: &App, row: &OperationRow) -> Seen {
    let id = row.subject;
    let state = app.hypervisor(move |hypervisor| hypervisor.state(id)).await;
    let runs = matches!(
        state,
        Ok(Ok(Some(DomainState::Running | DomainState::Paused)))
    );
    let made = app
        .read(move |query| rows::instances::get(query, id))
        .await
        .ok()
        .flatten();
    let observed = if runs {
        Observed::Running
    } else {
        Observed::Stopped
    };
    Seen {
        made: made.is_some_and(|row| row.made),
        observed,
    }
}
