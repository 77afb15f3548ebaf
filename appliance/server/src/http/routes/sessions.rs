//! Logging in and out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use megh_api_types::{LoginRequest, Page, PageQuery, Session};

use crate::fault::Fault;
use crate::http::AppState;
use crate::http::auth::{Peer, no_cookie, session_cookie};
use crate::http::json::{JsonBody, Query};
use crate::http::openapi::problems;
use crate::service::paging::Paging;
use crate::service::{Caller, sessions as service};

problems! {
    LoginProblems: changing reading [WrongCredentials, NotClaimed, TooManyAttempts];
    ListProblems: signed [InvalidField];
    LogoutProblems: signed changing [];
    RevokeProblems: signed changing [NotFound];
}

/// Opens a session.
#[utoipa::path(
    post, path = "/sessions", tag = "identity", operation_id = "login", request_body = LoginRequest,
    responses(
        (status = 201, description = "The session is in the cookie.", body = Session,
            headers(("Set-Cookie" = String, description = "`megh_session`"))),
        LoginProblems,
    ),
)]
pub(crate) async fn login(
    State(app): State<AppState>,
    Peer(peer): Peer,
    body: JsonBody<LoginRequest>,
) -> Result<impl IntoResponse, Fault> {
    let (session, secret) = service::login(&app, peer, body.value).await?;
    Ok((
        StatusCode::CREATED,
        [(SET_COOKIE, session_cookie(&secret))],
        Json(session),
    ))
}

/// The caller's open sessions.
#[utoipa::path(
    get, path = "/sessions", tag = "identity", operation_id = "list_sessions", params(PageQuery),
    security(("session" = [])),
    responses((status = 200, description = "A page of sessions.", body = Page<Session>), ListProblems),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Session>>, Fault> {
    service::list(&app, &caller, Paging::new(&query)?)
        .await
        .map(Json)
}

/// Ends the session of the request.
#[utoipa::path(
    delete, path = "/sessions/current", tag = "identity", operation_id = "logout", security(("session" = [])),
    responses((status = 204, description = "The session has ended."), LogoutProblems),
)]
pub(crate) async fn logout(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<impl IntoResponse, Fault> {
    service::revoke(&app, &caller, "current").await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, no_cookie())]))
}

/// Ends one of the caller's sessions, at once.
#[utoipa::path(
    delete, path = "/sessions/{session}", tag = "identity", operation_id = "revoke_session",
    params(("session" = uuid::Uuid, Path, description = "Id of the session.")), security(("session" = [])),
    responses((status = 204, description = "The session has ended."), RevokeProblems),
)]
pub(crate) async fn revoke(
    State(app): State<AppState>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<StatusCode, Fault> {
    service::revoke(&app, &caller, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
