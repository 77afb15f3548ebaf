//! Images.

use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::StreamExt;
use megh_api_types::{Accepted, Image, NewImage};
use megh_model::units::Bytes;
use reqwest::Body;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::{Context, word};
use crate::api::Api;
use crate::args::{Image as Command, Wait};
use crate::progress::Transfer;
use crate::table;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Does what the command line says.
pub(super) async fn run(context: &Context, command: Command) -> Result<()> {
    let api = context.api()?;
    match command {
        Command::Create { name, file, wait } => {
            create(context, &api, name, file.as_deref(), wait).await
        }
        Command::Upload { image, file, wait } => upload(context, &api, &image, &file, wait).await,
        Command::List => list(context, &api).await,
        Command::Show { image } => show(context, &api, &image).await,
        Command::Delete { image, wait } => delete(context, &api, &image, wait).await,
    }
}

async fn create(
    context: &Context,
    api: &Api,
    name: String,
    file: Option<&Path>,
    wait: Wait,
) -> Result<()> {
    // A file that cannot be read is found out before anything is announced.
    if let Some(file) = file {
        open(file).await?;
    }
    let image: Image = api
        .post(&context.path("images"), &NewImage { name })
        .await?;
    match file {
        Some(file) => upload(context, api, &image.id.to_string(), file, wait).await,
        None => context.print(&image, |image| {
            println!(
                "Image {} waits for its content: megh image upload {} FILE",
                image.name, image.name
            );
        }),
    }
}

async fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path)
        .await
        .with_context(|| format!("cannot open {}", path.display()))?;
    let length = file
        .metadata()
        .await
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    Ok((file, length))
}

async fn upload(context: &Context, api: &Api, image: &str, path: &Path, wait: Wait) -> Result<()> {
    let (file, length) = open(path).await?;
    let mut transfer = Transfer::new(length, context.json);
    let content = ReaderStream::with_capacity(file, CHUNK).inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            transfer.add(chunk.len() as u64);
        }
    });
    let target = context.path(&format!("images/{image}/content"));
    let accepted: Accepted<Image> = api
        .upload(&target, length, Body::wrap_stream(content))
        .await?;
    finish(context, api, accepted, wait).await
}

async fn finish(context: &Context, api: &Api, accepted: Accepted<Image>, wait: Wait) -> Result<()> {
    context.wait(api, &accepted.operation, wait).await?;
    if !wait.wait {
        return context.print(&accepted, |accepted| {
            println!(
                "Image {} is {}.",
                accepted.resource.name,
                word(&accepted.resource.state)
            );
            println!(
                "To wait for it: megh operation wait {}",
                accepted.operation.id
            );
        });
    }
    show(context, api, &accepted.resource.id.to_string()).await
}

async fn list(context: &Context, api: &Api) -> Result<()> {
    let images: Vec<Image> = api.all(&context.path("images")).await?;
    context.print(&images, |images| {
        let row = |image: &Image| {
            let size =
                |size: Option<u64>| size.map(|size| Bytes(size).to_string()).unwrap_or_default();
            [
                image.name.clone(),
                word(&image.state),
                size(image.size),
                size(image.virtual_size),
                table::ago(image.created_at),
            ]
        };
        let rows: Vec<_> = images.iter().map(row).collect();
        table::print(["NAME", "STATE", "SIZE", "DISK", "CREATED"], &rows);
    })
}

async fn show(context: &Context, api: &Api, image: &str) -> Result<()> {
    let image: Image = api.get(&context.path(&format!("images/{image}"))).await?;
    context.print(&image, |image| {
        let mut pairs = vec![
            ("name", image.name.clone()),
            ("id", image.id.to_string()),
            ("state", word(&image.state)),
        ];
        let optional = [
            ("format", image.format.as_ref().map(word)),
            ("size", image.size.map(|size| Bytes(size).to_string())),
            (
                "disk",
                image.virtual_size.map(|size| Bytes(size).to_string()),
            ),
            ("sha256", image.sha256.clone()),
            ("error", image.error.clone()),
        ];
        pairs.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        pairs.push(("created", table::ago(image.created_at)));
        table::pairs(&pairs);
    })
}

async fn delete(context: &Context, api: &Api, image: &str, wait: Wait) -> Result<()> {
    let accepted: Accepted<Image> = api
        .delete(&context.path(&format!("images/{image}")))
        .await?
        .json()
        .await?;
    context.wait(api, &accepted.operation, wait).await?;
    context.print(&accepted, |accepted| {
        let done = if wait.wait {
            "has been deleted"
        } else {
            "is being deleted"
        };
        println!("Image {} {done}.", accepted.resource.name);
    })
}
