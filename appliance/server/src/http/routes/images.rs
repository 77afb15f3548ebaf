//! Images.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use megh_api_types::{Accepted, Image, NewImage, Page, PageQuery, ProblemCode};

use super::written;
use crate::fault::Fault;
use crate::http::AppState;
use crate::http::auth::Key;
use crate::http::json::{JsonBody, Query};
use crate::http::openapi::problems;
use crate::service::paging::Paging;
use crate::service::upload as upload_service;
use crate::service::{Caller, images as service};

problems! {
    ListProblems: signed [NotFound, InvalidField];
    CreateProblems: signed changing reading [NotFound, NameTaken, IdempotencyMismatch];
    ShowProblems: signed [NotFound];
    DeleteProblems: signed changing [NotFound, WrongState, ImageInUse];
    UploadProblems: signed changing [
        BadRequest, NotFound, WrongState, TooLarge, UnsupportedMediaType, ImageRefused, NoSpace,
    ];
}

/// Images by name.
#[utoipa::path(
    get, path = "/images", tag = "images", operation_id = "list_images",
    params(("project" = String, Path, description = "Id or name of the project."), PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page of images.", body = Page<Image>), ListProblems),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    _caller: Caller,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Image>>, Fault> {
    service::list(&app, &project, Paging::new(&query)?)
        .await
        .map(Json)
}

/// Announces an image; its content follows with a PUT.
#[utoipa::path(
    post, path = "/images", tag = "images", operation_id = "create_image", request_body = NewImage,
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to repeat for 24 hours."),
    ),
    security(("session" = [])),
    responses((status = 201, description = "It waits for its content.", body = Image), CreateProblems),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<String>,
    key: Key,
    body: JsonBody<NewImage>,
) -> Result<Response, Fault> {
    let image = service::create(&app, &caller, key.once(body.hash), &project, body.value).await?;
    Ok(written(StatusCode::CREATED, image))
}

/// One image.
#[utoipa::path(
    get, path = "/images/{image}", tag = "images", operation_id = "show_image",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("image" = String, Path, description = "Id or name of the image."),
    ),
    security(("session" = [])),
    responses((status = 200, description = "The image.", body = Image), ShowProblems),
)]
pub(crate) async fn show(
    State(app): State<AppState>,
    _caller: Caller,
    Path((project, image)): Path<(String, String)>,
) -> Result<Json<Image>, Fault> {
    service::get(&app, &project, &image).await.map(Json)
}

/// Removes an image. Instances made from it go on.
#[utoipa::path(
    delete, path = "/images/{image}", tag = "images", operation_id = "delete_image",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("image" = String, Path, description = "Id or name of the image."),
    ),
    security(("session" = [])),
    responses((status = 202, description = "It is being removed.", body = Accepted<Image>), DeleteProblems),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, image)): Path<(String, String)>,
) -> Result<impl IntoResponse, Fault> {
    let accepted = service::delete(&app, &caller, &project, &image).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Sends the content of an image: a raw disk or a qcow2 file without backing
/// or data file, as it is. Recognised by what is in it.
#[utoipa::path(
    put, path = "/images/{image}/content", tag = "images", operation_id = "upload_image",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("image" = String, Path, description = "Id or name of the image."),
    ),
    request_body(content_type = "application/octet-stream", description = "The file."),
    security(("session" = [])),
    responses(
        (status = 202, description = "It has arrived whole and is being imported.", body = Accepted<Image>),
        UploadProblems,
    ),
)]
pub(crate) async fn upload(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, image)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Fault> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !kind.eq_ignore_ascii_case("application/octet-stream") {
        let detail = "The content must be `Content-Type: application/octet-stream`.";
        return Err(Fault::new(ProblemCode::UnsupportedMediaType, detail));
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let content = body.into_data_stream();
    let accepted =
        upload_service::upload(&app, &caller, &project, &image, announced, content).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
