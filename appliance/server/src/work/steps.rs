//! What each step does outside. Doing one again does no harm.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use megh_api_types::{Firmware, OperationStatus};
use megh_hypervisor::{
    DiskSource, DomainSpec, DomainState, GuestFirmware, Hypervisor, HypervisorError, StopMode,
    remove_serial_log,
};
use megh_storage::{ImageInfo, VolumeSource};
use tokio::time::{interval, sleep};
use uuid::Uuid;

use super::drive::StepError;
use super::plan::Step;
use crate::app::App;
use crate::rows;
use crate::rows::instances::InstanceRow;
use crate::rows::operations::OperationRow;

/// How often a guest that was asked to stop is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is asked: early in its boot a guest does not listen.
const ASK: Duration = Duration::from_secs(5);

/// What a step found out.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// Nothing that has to be kept.
    Done,
    /// What is in an upload.
    Image(ImageInfo),
    /// The operation was overtaken; nothing is to be noted.
    Overtaken,
}

/// Does a step.
pub(super) async fn run(
    app: &Arc<App>,
    row: &OperationRow,
    step: Step,
) -> Result<Outcome, StepError> {
    let id = row.subject;
    match step {
        Step::Inspect => {
            let info = app
                .pool(move |pool| pool.inspect(id, &pool.upload_path(id)))
                .await??;
            return Ok(Outcome::Image(info));
        }
        Step::Import => import(app, row).await?,
        Step::RemoveImage => app.pool(move |pool| pool.delete_image(id)).await??,
        Step::CreateDisk => create_disk(app, id).await?,
        Step::Define => define(app, id).await?,
        Step::Start => {
            app.hypervisor(move |hypervisor| start(hypervisor, id))
                .await??
        }
        Step::Stop => return stop(app, row).await,
        Step::Undefine => undefine(app, id).await?,
        Step::RemoveDisk => remove_disk(app, id).await?,
    }
    Ok(Outcome::Done)
}

async fn import(app: &Arc<App>, row: &OperationRow) -> Result<(), StepError> {
    let (id, operation) = (row.subject, row.id);
    let percent = Arc::new(AtomicU8::new(0));
    let reported = Arc::clone(&percent);
    let work = app.pool(move |pool| {
        let upload = pool.upload_path(id);
        let mut report =
            |fraction: f64| reported.store((fraction * 100.0) as u8, Ordering::Relaxed);
        pool.import(id, &upload, &mut report)?;
        remove_file(&upload);
        Ok(())
    });
    tokio::pin!(work);
    let mut shown = 0;
    let mut tick = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            done = &mut work => return done?.map_err(|error: megh_storage::StorageError| error.into()),
            _ = tick.tick() => {
                let now = percent.load(Ordering::Relaxed).min(100);
                if now != shown {
                    shown = now;
                    app.write_own(move |tx| Ok(rows::operations::set_progress(tx, operation, now)?)).await?;
                }
            }
        }
    }
}

async fn instance(app: &App, id: Uuid) -> Result<InstanceRow, StepError> {
    let row = app
        .read(move |query| rows::instances::get(query, id))
        .await?;
    row.ok_or_else(|| StepError::lasting("the instance is gone"))
}

async fn create_disk(app: &App, id: Uuid) -> Result<(), StepError> {
    let row = instance(app, id).await?;
    let image = row
        .image
        .ok_or_else(|| StepError::lasting("its image has been deleted"))?;
    Ok(app
        .pool(move |pool| pool.create_volume(row.volume, image, row.disk))
        .await??)
}

/// Opens the disk and gives the hypervisor the definition.
pub(super) async fn define(app: &App, id: Uuid) -> Result<(), StepError> {
    let row = instance(app, id).await?;
    let volume = row.volume;
    let source = app.pool(move |pool| pool.open_volume(volume)).await??;
    let spec = DomainSpec {
        id,
        name: row.name,
        vcpus: row.vcpus,
        memory: row.memory,
        disk: match source {
            VolumeSource::Block(path) => DiskSource::Block(path),
            VolumeSource::Qcow2(path) => DiskSource::Qcow2(path),
        },
        firmware: match row.firmware {
            Firmware::Uefi => GuestFirmware::Uefi,
            Firmware::Bios => GuestFirmware::Bios,
        },
        serial_log: app.serial_log(id),
    };
    if let Err(error) = std::fs::create_dir_all(&app.settings.serial_dir) {
        let directory = app.settings.serial_dir.display();
        return Err(StepError::lasting(format!(
            "cannot create {directory}: {error}"
        )));
    }
    Ok(app
        .hypervisor(move |hypervisor| hypervisor.define(&spec))
        .await??)
}

/// Starts the guest. A daemon that was killed may have asked for it before, and
/// the hypervisor may be at it: what counts is that the guest runs.
fn start(hypervisor: &dyn Hypervisor, id: Uuid) -> Result<(), HypervisorError> {
    hypervisor
        .start(id)
        .or_else(|error| match hypervisor.state(id)? {
            Some(DomainState::Running) => Ok(()),
            _ => Err(error),
        })
}

/// Stops the guest: by force, or by asking and waiting until it is off.
async fn stop(app: &App, row: &OperationRow) -> Result<Outcome, StepError> {
    let (id, operation) = (row.subject, row.id);
    if row.parameters.force {
        app.hypervisor(move |hypervisor| forced(hypervisor.stop(id, StopMode::Force)))
            .await??;
        return Ok(Outcome::Done);
    }
    let began = Instant::now();
    let mut asked: Option<Instant> = None;
    loop {
        let state = app
            .hypervisor(move |hypervisor| hypervisor.state(id))
            .await??;
        if matches!(
            state,
            None | Some(DomainState::Stopped | DomainState::Crashed)
        ) {
            return Ok(Outcome::Done);
        }
        if began.elapsed() > app.settings.stop_patience {
            let seconds = app.settings.stop_patience.as_secs();
            return Err(StepError::lasting(format!(
                "the guest was asked to stop and still runs after {seconds} s; stop it with force to cut its power"
            )));
        }
        if asked.is_none_or(|asked| asked.elapsed() > ASK) {
            app.hypervisor(move |hypervisor| forced(hypervisor.stop(id, StopMode::Graceful)))
                .await??;
            asked = Some(Instant::now());
        }
        sleep(LOOK).await;
        let now = app
            .read(move |query| rows::operations::get(query, operation))
            .await?;
        if now.is_none_or(|now| now.status != OperationStatus::Running) {
            return Ok(Outcome::Overtaken);
        }
    }
}

/// What does not run is stopped.
pub(super) fn forced(stopped: Result<(), HypervisorError>) -> Result<(), HypervisorError> {
    match stopped {
        Err(HypervisorError::NotFound(_) | HypervisorError::NotRunning(_)) => Ok(()),
        other => other,
    }
}

/// Takes the definition away; the power is cut first if the guest runs.
pub(super) async fn undefine(app: &App, id: Uuid) -> Result<(), StepError> {
    Ok(app
        .hypervisor(move |hypervisor| forced(hypervisor.undefine(id)))
        .await??)
}

/// Removes the volume and the serial log.
pub(super) async fn remove_disk(app: &App, id: Uuid) -> Result<(), StepError> {
    let row = instance(app, id).await?;
    app.pool(move |pool| pool.delete_volume(row.volume))
        .await??;
    let log = app.serial_log(id);
    if let Err(error) = remove_serial_log(&log) {
        tracing::warn!(path = %log.display(), %error, "cannot remove");
    }
    Ok(())
}

/// Removes a file that may be gone already.
pub(super) fn remove_file(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "cannot remove");
        }
        _ => {}
    }
}
