//! The appliance itself.

use axum::Json;
use axum::extract::State;
use megh_api_types::{Health, System};

use crate::fault::Fault;
use crate::http::AppState;
use crate::http::openapi::problems;
use crate::service::{Caller, system as service};

problems! {
    HealthProblems: [];
    SystemProblems: signed [];
}

/// Whether the appliance does its job, and whether it has an owner. Open to everybody.
#[utoipa::path(
    get, path = "/health", tag = "appliance", operation_id = "health",
    responses((status = 200, description = "The API works.", body = Health), HealthProblems),
)]
pub(crate) async fn health(State(app): State<AppState>) -> Json<Health> {
    Json(service::health(&app))
}

/// The appliance as its operator sees it.
#[utoipa::path(
    get, path = "/system", tag = "appliance", operation_id = "system", security(("session" = [])),
    responses((status = 200, description = "The appliance.", body = System), SystemProblems),
)]
pub(crate) async fn system(
    State(app): State<AppState>,
    _caller: Caller,
) -> Result<Json<System>, Fault> {
    service::system(&app).await.map(Json)
}
