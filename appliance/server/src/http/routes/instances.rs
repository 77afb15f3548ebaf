//! Instances.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use megh_api_types::{Accepted, Instance, NewInstance, Page, PageQuery, StopRequest};

use super::written;
use crate::fault::Fault;
use crate::http::AppState;
use crate::http::auth::Key;
use crate::http::json::{JsonBody, OptionalJson, Query};
use crate::http::openapi::problems;
use crate::service::paging::Paging;
use crate::service::{Caller, instances as service};

problems! {
    ListProblems: signed [NotFound, InvalidField];
    CreateProblems: signed changing reading [NotFound, NameTaken, WrongState, IdempotencyMismatch, NoSpace];
    ShowProblems: signed [NotFound];
    DeleteProblems: signed changing [NotFound, WrongState];
    StartProblems: signed changing [NotFound, WrongState, IdempotencyMismatch, InvalidField];
    StopProblems: signed changing reading [NotFound, WrongState, IdempotencyMismatch];
}

/// Instances by name.
#[utoipa::path(
    get, path = "/instances", tag = "instances", operation_id = "list_instances",
    params(("project" = String, Path, description = "Id or name of the project."), PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page of instances.", body = Page<Instance>), ListProblems),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    _caller: Caller,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Instance>>, Fault> {
    service::list(&app, &project, Paging::new(&query)?)
        .await
        .map(Json)
}

/// Makes an instance with a disk copied from an image.
#[utoipa::path(
    post, path = "/instances", tag = "instances", operation_id = "create_instance", request_body = NewInstance,
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to repeat for 24 hours."),
    ),
    security(("session" = [])),
    responses((status = 202, description = "It is being made.", body = Accepted<Instance>), CreateProblems),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<String>,
    key: Key,
    body: JsonBody<NewInstance>,
) -> Result<Response, Fault> {
    let accepted =
        service::create(&app, &caller, key.once(body.hash), &project, body.value).await?;
    Ok(written(StatusCode::ACCEPTED, accepted))
}

/// One instance.
#[utoipa::path(
    get, path = "/instances/{instance}", tag = "instances", operation_id = "show_instance",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
    ),
    security(("session" = [])),
    responses((status = 200, description = "The instance.", body = Instance), ShowProblems),
)]
pub(crate) async fn show(
    State(app): State<AppState>,
    _caller: Caller,
    Path((project, instance)): Path<(String, String)>,
) -> Result<Json<Instance>, Fault> {
    service::get(&app, &project, &instance).await.map(Json)
}

/// Removes an instance with its disk; a running guest is cut off.
#[utoipa::path(
    delete, path = "/instances/{instance}", tag = "instances", operation_id = "delete_instance",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
    ),
    security(("session" = [])),
    responses((status = 202, description = "It is being removed.", body = Accepted<Instance>), DeleteProblems),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, instance)): Path<(String, String)>,
) -> Result<impl IntoResponse, Fault> {
    let accepted = service::delete(&app, &caller, &project, &instance).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Starts an instance. One that runs already stays as it is.
#[utoipa::path(
    post, path = "/instances/{instance}/start", tag = "instances", operation_id = "start_instance",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to repeat for 24 hours."),
    ),
    security(("session" = [])),
    responses((status = 202, description = "It is being started.", body = Accepted<Instance>), StartProblems),
)]
pub(crate) async fn start(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, instance)): Path<(String, String)>,
    key: Key,
) -> Result<Response, Fault> {
    let accepted = service::start(&app, &caller, key.once([0; 32]), &project, &instance).await?;
    Ok(written(StatusCode::ACCEPTED, accepted))
}

/// Asks the guest to stop, or cuts its power with `force`. Cutting the power
/// also ends a stop that the guest does not follow.
#[utoipa::path(
    post, path = "/instances/{instance}/stop", tag = "instances", operation_id = "stop_instance",
    request_body(content = Option<StopRequest>, description = "May be left out."),
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to repeat for 24 hours."),
    ),
    security(("session" = [])),
    responses((status = 202, description = "It is being stopped.", body = Accepted<Instance>), StopProblems),
)]
pub(crate) async fn stop(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, instance)): Path<(String, String)>,
    key: Key,
    OptionalJson(body): OptionalJson<StopRequest>,
) -> Result<Response, Fault> {
    let once = key.once(body.hash);
    let accepted = service::stop(&app, &caller, once, &project, &instance, body.value).await?;
    Ok(written(StatusCode::ACCEPTED, accepted))
}
