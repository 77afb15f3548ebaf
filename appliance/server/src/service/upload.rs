//! The content of an image: received whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use megh_api_types::{Accepted, Image, ImageState, OperationKind, ProblemCode};
use megh_storage::StorageError;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::operations::{self, NewOperation};
use super::{Caller, Once, images};
use crate::app::App;
use crate::fault::Fault;
use crate::rows;
use crate::work;

/// How long a client may send nothing.
const IDLE: Duration = Duration::from_secs(60);
/// Chunks that wait for the disk.
const QUEUE: usize = 16;

/// What was received.
#[derive(Debug)]
struct Received {
    bytes: u64,
    sha256: String,
}

/// Receives the content of an image and begins to import it. However this
/// ends early, no file stays and the image still waits for its content.
pub(crate) async fn upload(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
    announced: Option<u64>,
    content: impl Stream<Item = Result<Bytes, axum::Error>> + Send,
) -> Result<Accepted<Image>, Fault> {
    let image = images::get(app, in_project, selector).await?;
    let busy = || {
        Fault::wrong_state(format!(
            "The content of image `{}` is being uploaded already.",
            image.name
        ))
    };
    let _turn = app.uploads.begin(image.id).ok_or_else(busy)?;
    // Looked at again, now that nobody else can begin.
    let image = images::get(app, in_project, selector).await?;
    takes_content(&image)?;
    let limit = limit(app, announced).await?;
    let id = image.id;
    let path = app.pool(move |pool| pool.upload_path(id)).await?;
    let file = UploadFile::create(path).await?;
    let received = receive(content, &file.path, limit).await?;
    look_inside(app, &image, &file).await?;
    let accepted = accept(app, caller, in_project, selector, received).await?;
    file.keep();
    app.work.notify_one();
    Ok(accepted)
}

fn takes_content(image: &Image) -> Result<(), Fault> {
    let reason = match image.state {
        ImageState::AwaitingContent | ImageState::Failed => return Ok(()),
        ImageState::Importing => "is being imported",
        ImageState::Ready => "has its content already",
        ImageState::Deleting => "is being deleted",
    };
    Err(
        Fault::wrong_state(format!("Image `{}` {reason}.", image.name))
            .with_remedy("Announce a new image for new content."),
    )
}

/// Most bytes that are taken, and what to say when there are more.
#[derive(Clone, Copy)]
struct Limit {
    bytes: u64,
    code: ProblemCode,
}

impl Limit {
    fn fault(self) -> Fault {
        match self.code {
            ProblemCode::NoSpace => Fault::new(
                self.code,
                format!(
                    "The pool has {} bytes free; the content is larger.",
                    self.bytes
                ),
            ),
            code => Fault::new(
                code,
                format!("The content of an image has at most {} bytes.", self.bytes),
            ),
        }
    }
}

async fn limit(app: &App, announced: Option<u64>) -> Result<Limit, Fault> {
    let capacity = app
        .pool(|pool| pool.capacity())
        .await?
        .map_err(|error| storage_fault(&error))?;
    let most = Limit {
        bytes: app.settings.max_image,
        code: ProblemCode::TooLarge,
    };
    let free = Limit {
        bytes: capacity.free,
        code: ProblemCode::NoSpace,
    };
    for limit in [most, free] {
        if announced.is_some_and(|announced| announced > limit.bytes) {
            return Err(limit.fault());
        }
    }
    Ok(if most.bytes <= free.bytes { most } else { free })
}

/// An upload's file, removed when dropped unless it is to be kept.
struct UploadFile {
    path: PathBuf,
    keep: bool,
}

impl UploadFile {
    async fn create(path: PathBuf) -> Result<Self, Fault> {
        let made = spawn_blocking(move || {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            let _ = fs::remove_file(&path);
            File::create_new(&path)?;
            Ok(Self { path, keep: false })
        });
        made.await
            .map_err(Fault::internal)?
            .map_err(|error: io::Error| io_fault(&error))
    }

    fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for UploadFile {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_file(&self.path);
        }
    }
}

async fn receive(
    content: impl Stream<Item = Result<Bytes, axum::Error>> + Send,
    path: &Path,
    limit: Limit,
) -> Result<Received, Fault> {
    let mut content = pin!(content);
    let (sender, receiver) = mpsc::channel(QUEUE);
    let path = path.to_owned();
    let writer = spawn_blocking(move || write(&path, receiver));
    let mut bytes = 0_u64;
    loop {
        let next = timeout(IDLE, content.next()).await;
        let next =
            next.map_err(|_| Fault::new(ProblemCode::BadRequest, "The content stopped coming."))?;
        let Some(chunk) = next else { break };
        let chunk =
            chunk.map_err(|_| Fault::new(ProblemCode::BadRequest, "The content ended early."))?;
        bytes += chunk.len() as u64;
        if bytes > limit.bytes {
            return Err(limit.fault());
        }
        if sender.send(chunk).await.is_err() {
            // The writer has met an error, which it tells below.
            break;
        }
    }
    drop(sender);
    let sha256 = writer
        .await
        .map_err(Fault::internal)?
        .map_err(|error| io_fault(&error))?;
    Ok(Received { bytes, sha256 })
}

/// Writes what comes to the file and to the disk below; the digest of it.
fn write(path: &Path, mut chunks: mpsc::Receiver<Bytes>) -> io::Result<String> {
    let mut file = File::options().write(true).open(path)?;
    let mut digest = Sha256::new();
    while let Some(chunk) = chunks.blocking_recv() {
        digest.update(&chunk);
        file.write_all(&chunk)?;
    }
    file.sync_all()?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(hex::encode(digest.finalize()))
}

/// Refuses at once what the import would refuse, so that the sender learns of it.
async fn look_inside(app: &App, image: &Image, file: &UploadFile) -> Result<(), Fault> {
    let (id, path) = (image.id, file.path.clone());
    let Err(error) = app.pool(move |pool| pool.inspect(id, &path)).await? else {
        return Ok(());
    };
    let fault = storage_fault(&error);
    if fault.code == ProblemCode::ImageRefused {
        let reason = fault.detail.clone();
        app.write_own(move |tx| {
            Ok(rows::images::set_state(
                tx,
                id,
                ImageState::Failed,
                Some(&reason),
            )?)
        })
        .await?;
    }
    Err(fault)
}

async fn accept(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
    received: Received,
) -> Result<Accepted<Image>, Fault> {
    let operation = NewOperation::draw(OperationKind::ImageImport, work::IMPORT_IMAGE, &app.clock);
    let (in_project, selector) = (in_project.to_owned(), selector.to_owned());
    let written = app.write(Once::default().context(caller, &app.clock), move |tx| {
        let (project, image) = images::find(tx, &in_project, &selector)?;
        takes_content(&image)?;
        rows::images::content_arrived(tx, image.id, received.bytes, &received.sha256)?;
        let operation = operations::insert(tx, &operation, project, image.id)?;
        let (_, resource) = images::find(tx, &in_project, &selector)?;
        Ok(Accepted {
            resource,
            operation,
        })
    });
    written.await.map(|written| written.value)
}

fn storage_fault(error: &StorageError) -> Fault {
    match error {
        StorageError::Refused { reason, .. } => {
            Fault::new(ProblemCode::ImageRefused, reason.clone())
        }
        StorageError::NoSpace { .. } => Fault::new(ProblemCode::NoSpace, error.to_string()),
        other => Fault::internal(other),
    }
}

fn io_fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::new(
            ProblemCode::NoSpace,
            "The pool has no room for this content.",
        ),
        _ => Fault::internal(format_args!("cannot write an upload: {error}")),
    }
}
