//! Removes what no row knows from the pool, and finds rows whose content is gone.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use megh_api_types::ImageState;
use megh_storage::StorageError;
use uuid::Uuid;

use super::observe::quiet;
use crate::app::App;
use crate::fault::Fault;
use crate::rows;
use crate::service::system::pool_capacity;

/// Finished operations are kept for 30 days.
const KEEP_OPERATIONS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Sweeps once. An appliance without owner has nothing to lose and removes
/// nothing: its state may have been lost rather than be new.
pub(super) async fn sweep(app: &Arc<App>) -> Result<(), Fault> {
    pool_capacity(app).await?.map_err(|error| quiet(&error))?;
    let (images, volumes) = app
        .pool(|pool| Ok((pool.images()?, pool.volumes()?)))
        .await?
        .map_err(|error: StorageError| quiet(&error))?;
    if !app.ownership.is_claimed() {
        return Ok(());
    }
    remove_volumes(app, &volumes).await?;
    remove_images(app, &images).await?;
    remove_uploads(app).await?;
    remove_logs(app).await?;
    forget(app).await
}

/// The pool was listed before the rows are read, so whatever it has had a row
/// when it was made.
async fn remove_volumes(app: &App, volumes: &[Uuid]) -> Result<(), Fault> {
    let known: HashSet<_> = app
        .read(|query| rows::instances::all(query))
        .await?
        .into_iter()
        .map(|row| row.volume)
        .collect();
    for volume in volumes
        .iter()
        .copied()
        .filter(|volume| !known.contains(volume))
    {
        tracing::warn!(%volume, "removing a volume that nobody knows");
        app.pool(move |pool| pool.delete_volume(volume))
            .await?
            .map_err(|error| quiet(&error))?;
    }
    Ok(())
}

async fn remove_images(app: &App, images: &[Uuid]) -> Result<(), Fault> {
    for image in images.iter().copied() {
        // With the turn, no new content can come in between.
        let Some(_turn) = app.uploads.begin(image) else {
            continue;
        };
        let row = app
            .read(move |query| rows::images::get(query, image))
            .await?;
        let wanted = row.is_some_and(|row| {
            matches!(
                row.state,
                ImageState::Importing | ImageState::Ready | ImageState::Deleting
            )
        });
        if !wanted {
            tracing::warn!(%image, "removing an image that nobody knows");
            app.pool(move |pool| pool.delete_image(image))
                .await?
                .map_err(|error| quiet(&error))?;
        }
    }
    let there: HashSet<_> = images.iter().copied().collect();
    let gone = app
        .read(|query| rows::images::all(query))
        .await?
        .into_iter()
        .filter(|row| row.state == ImageState::Ready && !there.contains(&row.id));
    for row in gone {
        mark_gone(app, row.id).await?;
    }
    Ok(())
}

/// An image that became ready after the pool was listed is not gone.
async fn mark_gone(app: &App, id: Uuid) -> Result<(), Fault> {
    let still = app
        .pool(|pool| pool.images())
        .await?
        .map_err(|error| quiet(&error))?;
    if still.contains(&id) {
        return Ok(());
    }
    tracing::warn!(image = %id, "its content is gone from the pool");
    app.write_own(move |tx| match rows::images::get(tx, id)? {
        Some(row) if row.state == ImageState::Ready => {
            let error = "its content is gone from the pool";
            Ok(rows::images::set_state(
                tx,
                id,
                ImageState::Failed,
                Some(error),
            )?)
        }
        _ => Ok(()),
    })
    .await
}

/// Removes the files of uploads that ended early.
async fn remove_uploads(app: &App) -> Result<(), Fault> {
    for (id, path) in files_named_by_id(
        app.pool(|pool| pool.upload_path(Uuid::nil()))
            .await?
            .parent(),
    ) {
        let expected = app.pool(move |pool| pool.upload_path(id)).await?;
        let Some(_turn) = app.uploads.begin(id).filter(|_| expected == path) else {
            continue;
        };
        let row = app.read(move |query| rows::images::get(query, id)).await?;
        if row.is_none_or(|row| row.state != ImageState::Importing) {
            tracing::info!(image = %id, "removing an upload that ended early");
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// Removes serial logs of instances that are gone.
async fn remove_logs(app: &App) -> Result<(), Fault> {
    for (id, path) in files_named_by_id(Some(&app.settings.serial_dir)) {
        if app
            .read(move |query| rows::instances::get(query, id))
            .await?
            .is_none()
        {
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// The files of a directory whose names begin with an id.
fn files_named_by_id(directory: Option<&std::path::Path>) -> Vec<(Uuid, PathBuf)> {
    let entries = directory
        .and_then(|directory| fs::read_dir(directory).ok())
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let id = name.to_str()?.split('.').next()?.parse().ok()?;
            Some((id, entry.path()))
        })
        .collect()
}

/// Forgets sessions that have ended and operations that ended long ago.
async fn forget(app: &App) -> Result<(), Fault> {
    let now = app.clock.now();
    let old = now - KEEP_OPERATIONS;
    let any = app.read(move |query| {
        Ok(rows::sessions::any_ended(query, now)?
            || rows::operations::any_finished_before(query, old)?)
    });
    if any.await? {
        app.write_own(move |tx| {
            rows::sessions::delete_ended(tx, now)?;
            Ok(rows::operations::delete_finished_before(tx, old)?)
        })
        .await?;
    }
    Ok(())
}
