//! Updates of the appliance's own system.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use megh_api_types::{StageRequest, SystemUpdate, TrialJournal, UpdateSettings};

use crate::fault::Fault;
use crate::http::AppState;
use crate::http::json::{JsonBody, OptionalJson};
use crate::http::openapi::problems;
use crate::service::{Caller, updates as service};

problems! {
    ShowProblems: signed [UpdaterFailed];
    CheckProblems: signed changing [UpdateUnderWay, UpdaterFailed];
    StageProblems: signed changing reading [UpdateUnderWay, UpdaterFailed];
    ApplyProblems: signed changing [UpdateUnderWay, NothingStaged, UpdaterFailed];
    RollbackProblems: signed changing [UpdateUnderWay, NoWayBack, UpdaterFailed];
    SettingsProblems: signed changing reading [UpdaterFailed];
    JournalProblems: signed [NotFound, UpdaterFailed];
}

/// The version, both slots, what lies ready, the last trial, and how far the
/// updater is.
#[utoipa::path(
    get, path = "/system/update", tag = "updates", operation_id = "show_update", security(("session" = [])),
    responses((status = 200, description = "The appliance's own system.", body = SystemUpdate), ShowProblems),
)]
pub(crate) async fn show(
    State(app): State<AppState>,
    _caller: Caller,
) -> Result<Json<SystemUpdate>, Fault> {
    service::status(&app).await.map(Json)
}

/// Looks for newer releases at the source and on sticks.
#[utoipa::path(
    post, path = "/system/update/check", tag = "updates", operation_id = "check_update",
    security(("session" = [])),
    responses((status = 202, description = "It is being looked.", body = SystemUpdate), CheckProblems),
)]
pub(crate) async fn check(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<impl IntoResponse, Fault> {
    let update = service::check(&app, &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(update)))
}

/// Fetches a release into the other slot and checks it. Nothing changes for
/// what runs. A staging that was interrupted goes on where it was.
#[utoipa::path(
    post, path = "/system/update/stage", tag = "updates", operation_id = "stage_update",
    request_body(content = Option<StageRequest>), security(("session" = [])),
    responses((status = 202, description = "It is being staged.", body = SystemUpdate), StageProblems),
)]
pub(crate) async fn stage(
    State(app): State<AppState>,
    caller: Caller,
    OptionalJson(body): OptionalJson<StageRequest>,
) -> Result<impl IntoResponse, Fault> {
    let update = service::stage(&app, &caller, body.value).await?;
    Ok((StatusCode::ACCEPTED, Json(update)))
}

/// Restarts the machine into the release that lies ready. Running instances
/// are stopped and started again; when the release does not do its job, the
/// machine comes back with the version that runs now.
#[utoipa::path(
    post, path = "/system/update/apply", tag = "updates", operation_id = "apply_update",
    security(("session" = [])),
    responses((status = 202, description = "The machine is about to restart.", body = SystemUpdate), ApplyProblems),
)]
pub(crate) async fn apply(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<impl IntoResponse, Fault> {
    let update = service::apply(&app, &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(update)))
}

/// Restarts the machine into the version in the other slot, which ran before.
#[utoipa::path(
    post, path = "/system/update/rollback", tag = "updates", operation_id = "roll_back_update",
    security(("session" = [])),
    responses((status = 202, description = "The machine is about to restart.", body = SystemUpdate), RollbackProblems),
)]
pub(crate) async fn rollback(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<impl IntoResponse, Fault> {
    let update = service::rollback(&app, &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(update)))
}

/// Decides where releases come from and how far the appliance goes by itself.
#[utoipa::path(
    put, path = "/system/update/settings", tag = "updates", operation_id = "set_update_settings",
    request_body = UpdateSettings, security(("session" = [])),
    responses((status = 200, description = "They are kept.", body = UpdateSettings), SettingsProblems),
)]
pub(crate) async fn set(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<UpdateSettings>,
) -> Result<Json<UpdateSettings>, Fault> {
    service::set(&app, &caller, body.value).await.map(Json)
}

/// The journal of the start that failed last.
#[utoipa::path(
    get, path = "/system/update/journal", tag = "updates", operation_id = "show_trial_journal",
    security(("session" = [])),
    responses((status = 200, description = "The journal.", body = TrialJournal), JournalProblems),
)]
pub(crate) async fn journal(
    State(app): State<AppState>,
    _caller: Caller,
) -> Result<Json<TrialJournal>, Fault> {
    service::journal(&app).await.map(Json)
}
