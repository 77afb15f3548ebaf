//! Taking possession of a fresh appliance.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use megh_api_types::{ClaimRequest, Session};

use crate::fault::Fault;
use crate::http::AppState;
use crate::http::auth::{Peer, session_cookie};
use crate::http::json::JsonBody;
use crate::http::openapi::problems;
use crate::service::claim as service;

problems! {
    ClaimProblems: changing reading [WrongClaimCode, AlreadyClaimed, TooManyAttempts];
}

/// Makes the first administrator, with the code on the appliance's own screen,
/// and opens a session. Works once.
#[utoipa::path(
    post, path = "/claim", tag = "identity", operation_id = "claim", request_body = ClaimRequest,
    responses(
        (status = 201, description = "The appliance is yours; the session is in the cookie.", body = Session,
            headers(("Set-Cookie" = String, description = "`megh_session`"))),
        ClaimProblems,
    ),
)]
pub(crate) async fn claim(
    State(app): State<AppState>,
    Peer(peer): Peer,
    body: JsonBody<ClaimRequest>,
) -> Result<impl IntoResponse, Fault> {
    let (session, secret) = service::claim(&app, peer, body.value).await?;
    Ok((
        StatusCode::CREATED,
        [(SET_COOKIE, session_cookie(&secret))],
        Json(session),
    ))
}
