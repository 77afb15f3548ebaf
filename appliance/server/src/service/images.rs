//! Images: announced, filled by an upload, removed.

use megh_api_types::{Accepted, Image, ImageState, NewImage, OperationKind, Page, ProblemCode};
use megh_model::name::ImageName;
use megh_store::{Query, Written};
use uuid::Uuid;

use super::operations::{self, NewOperation};
use super::paging::Paging;
use super::{Caller, Once, project};
use crate::app::App;
use crate::fault::Fault;
use crate::rows;
use crate::work;

/// Announces an image.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    once: Once,
    in_project: &str,
    new: NewImage,
) -> Result<Written<Image>, Fault> {
    let name: ImageName = new
        .name
        .parse()
        .map_err(|error| Fault::field("name", format!("{error}")))?;
    let (id, now, in_project) = (Uuid::now_v7(), app.clock.now(), in_project.to_owned());
    app.write(once.context(caller, &app.clock), move |tx| {
        let project = project(tx, &in_project)?;
        if rows::images::find(tx, project, name.as_str())?.is_some() {
            return Err(Fault::new(
                ProblemCode::NameTaken,
                format!("There is an image `{name}` already."),
            ));
        }
        rows::images::insert(tx, project, id, name.as_str(), now)?;
        rows::images::get(tx, id)?.ok_or_else(|| Fault::internal("the row just written is absent"))
    })
    .await
}

/// One image.
pub(crate) async fn get(app: &App, in_project: &str, selector: &str) -> Result<Image, Fault> {
    let (in_project, selector) = (in_project.to_owned(), selector.to_owned());
    app.read(move |query| Ok(find(query, &in_project, &selector)))
        .await?
        .map(|(_, image)| image)
}

/// Images by name.
pub(crate) async fn list(
    app: &App,
    in_project: &str,
    paging: Paging,
) -> Result<Page<Image>, Fault> {
    let (in_project, after, ask) = (in_project.to_owned(), paging.after(""), paging.ask());
    let rows = app.read(move |query| {
        Ok(project(query, &in_project)
            .and_then(|project| Ok(rows::images::page(query, project, &after, ask)?)))
    });
    Ok(paging.page(rows.await??, |image| image.name.clone()))
}

/// Removes an image that nobody fills or copies just now. Instances made from
/// it go on.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    in_project: &str,
    selector: &str,
) -> Result<Accepted<Image>, Fault> {
    let image = get(app, in_project, selector).await?;
    let turn = app.uploads.begin(image.id);
    if turn.is_none() {
        return Err(Fault::wrong_state(format!(
            "The content of image `{}` is being uploaded.",
            image.name
        ))
        .with_remedy("Wait for the upload to end, or end it, and try again."));
    }
    let (in_project, selector) = (in_project.to_owned(), selector.to_owned());
    let operation = NewOperation::draw(OperationKind::ImageDelete, work::DELETE_IMAGE, &app.clock);
    let accepted = app.write(Once::default().context(caller, &app.clock), move |tx| {
        let (project, image) = find(tx, &in_project, &selector)?;
        if let Some(running) = rows::operations::under_way(tx, image.id)? {
            if running.kind == OperationKind::ImageDelete {
                return Ok(Accepted {
                    resource: image,
                    operation: running.into(),
                });
            }
            return Err(Fault::wrong_state(format!(
                "Image `{}` is being imported.",
                image.name
            )));
        }
        if rows::images::in_use(tx, image.id)? {
            let detail = format!(
                "An instance is just being made from image `{}`.",
                image.name
            );
            return Err(Fault::new(ProblemCode::ImageInUse, detail));
        }
        rows::images::set_state(tx, image.id, ImageState::Deleting, None)?;
        let operation = operations::insert(tx, &operation, project, image.id)?;
        Ok(Accepted {
            resource: Image {
                state: ImageState::Deleting,
                error: None,
                ..image
            },
            operation,
        })
    });
    let accepted = accepted.await?.value;
    app.work.notify_one();
    Ok(accepted)
}

/// An image and its project, or the fault that there is none.
pub(super) fn find(
    query: &impl Query,
    in_project: &str,
    selector: &str,
) -> Result<(Uuid, Image), Fault> {
    let project = project(query, in_project)?;
    let image = rows::images::find(query, project, selector)?;
    image
        .map(|image| (project, image))
        .ok_or_else(|| Fault::not_found("image", selector))
}
