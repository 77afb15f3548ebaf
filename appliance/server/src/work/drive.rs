//! Drives one operation from where it is to its end.

use std::sync::Arc;
use std::time::Duration;

use megh_api_types::OperationStatus;
use megh_hypervisor::HypervisorError;
use megh_storage::StorageError;
use tokio::time::sleep;
use uuid::Uuid;

use super::plan::Step;
use super::{effects, steps, undo};
use crate::app::App;
use crate::fault::Fault;
use crate::rows;
use crate::rows::operations::OperationRow;

/// Pause after the store did not take a change.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Why a step did not work.
#[derive(Debug, Clone)]
pub(super) struct StepError {
    /// For the owner of the operation.
    pub(super) message: String,
    /// Whether trying again may help.
    pub(super) passes: bool,
}

impl From<HypervisorError> for StepError {
    fn from(error: HypervisorError) -> Self {
        let passes = matches!(error, HypervisorError::Unreachable(_));
        Self {
            message: error.to_string(),
            passes,
        }
    }
}

impl From<StorageError> for StepError {
    fn from(error: StorageError) -> Self {
        // As a whole it may be on its way up, as after a power cut.
        let passes = matches!(error, StorageError::Pool { .. });
        let message = match error {
            StorageError::Refused { reason, .. } => reason,
            other => other.to_string(),
        };
        Self { message, passes }
    }
}

impl From<Fault> for StepError {
    fn from(fault: Fault) -> Self {
        Self {
            message: fault.detail,
            passes: fault.retry_after.is_some(),
        }
    }
}

impl StepError {
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            passes: false,
        }
    }
}

/// What comes next.
enum Next {
    Step(Step),
    Undo,
    End,
}

/// Drives one operation until it has ended or was overtaken. When the store
/// does not take what was done, the operation stays where it was and is
/// driven again later.
pub(super) async fn drive(app: &Arc<App>, id: Uuid) {
    loop {
        match advance(app, id).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(fault) => {
                tracing::warn!(operation = %id, %fault, "an operation waits for the store");
                sleep(STORE_PAUSE).await;
                return;
            }
        }
    }
}

/// Does one step; whether there is more to do.
async fn advance(app: &Arc<App>, id: Uuid) -> Result<bool, Fault> {
    let row = app
        .read(move |query| rows::operations::get(query, id))
        .await?;
    let Some(row) = row.filter(|row| row.status == OperationStatus::Running) else {
        return Ok(false);
    };
    match next(&row) {
        Ok(Next::Step(step)) => match attempt(app, &row, step).await {
            Ok(outcome) => {
                let boot = app.settings.host_boot.clone();
                app.write_own(move |tx| effects::step_done(tx, &row, step, &outcome, &boot))
                    .await?;
            }
            Err(error) => fail(app, &row, error).await?,
        },
        Ok(Next::Undo) => {
            let seen = undo::take_back(app, &row).await;
            let (boot, now) = (app.settings.host_boot.clone(), app.clock.now());
            app.write_own(move |tx| effects::failed(tx, &row, seen.as_ref(), &boot, now))
                .await?;
        }
        Ok(Next::End) => {
            tracing::info!(operation = %row.id, kind = ?row.kind, subject = %row.subject, "succeeded");
            let now = app.clock.now();
            app.write_own(move |tx| effects::succeeded(tx, &row, now))
                .await?;
        }
        Err(error) => fail(app, &row, error).await?,
    }
    Ok(true)
}

fn next(row: &OperationRow) -> Result<Next, StepError> {
    if row.undoing {
        return Ok(Next::Undo);
    }
    let Some(name) = row.steps.get(row.done) else {
        return Ok(Next::End);
    };
    let step = Step::from_name(name);
    step.map(Next::Step)
        .ok_or_else(|| StepError::lasting(format!("this release has no step `{name}`")))
}

/// Tries a step, and again after a while when what it needs is away.
async fn attempt(
    app: &Arc<App>,
    row: &OperationRow,
    step: Step,
) -> Result<steps::Outcome, StepError> {
    let mut waits = app.settings.retries.iter();
    loop {
        let error = match steps::run(app, row, step).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        let Some(wait) = waits.next().filter(|_| error.passes) else {
            return Err(error);
        };
        tracing::info!(operation = %row.id, step = step.as_str(), cause = error.message, "tried again later");
        sleep(*wait).await;
    }
}

async fn fail(app: &App, row: &OperationRow, error: StepError) -> Result<(), Fault> {
    tracing::warn!(operation = %row.id, kind = ?row.kind, subject = %row.subject, cause = error.message, "failed");
    let id = row.id;
    app.write_own(move |tx| effects::step_failed(tx, id, &error.message))
        .await
}
