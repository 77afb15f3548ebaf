//! Operations.

use axum::Json;
use axum::extract::{Path, State};
use megh_api_types::{Operation, OperationQuery, Page};

use crate::fault::Fault;
use crate::http::AppState;
use crate::http::json::Query;
use crate::http::openapi::problems;
use crate::service::paging::Paging;
use crate::service::{Caller, operations as service};

problems! {
    ListProblems: signed [NotFound, InvalidField];
    ShowProblems: signed [NotFound];
}

/// Operations, newest first. They are kept for 30 days.
#[utoipa::path(
    get, path = "/operations", tag = "operations", operation_id = "list_operations",
    params(("project" = String, Path, description = "Id or name of the project."), OperationQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page of operations.", body = Page<Operation>), ListProblems),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    _caller: Caller,
    Path(project): Path<String>,
    Query(query): Query<OperationQuery>,
) -> Result<Json<Page<Operation>>, Fault> {
    let (subject, paging) = (query.subject, Paging::new(&query.into())?);
    service::list(&app, &project, subject, paging)
        .await
        .map(Json)
}

/// One operation.
#[utoipa::path(
    get, path = "/operations/{operation}", tag = "operations", operation_id = "show_operation",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("operation" = uuid::Uuid, Path, description = "Id of the operation."),
    ),
    security(("session" = [])),
    responses((status = 200, description = "The operation.", body = Operation), ShowProblems),
)]
pub(crate) async fn show(
    State(app): State<AppState>,
    _caller: Caller,
    Path((project, operation)): Path<(String, String)>,
) -> Result<Json<Operation>, Fault> {
    service::get(&app, &project, &operation).await.map(Json)
}
