//! Serial consoles.

use axum::Json;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use megh_api_types::{ConsoleQuery, ConsoleTicket, ProblemCode};

use crate::console::{MAX_MESSAGE, watch};
use crate::fault::Fault;
use crate::http::AppState;
use crate::http::json::Query;
use crate::http::openapi::problems;
use crate::service::{Caller, console as service};

problems! {
    TicketProblems: signed changing [NotFound, WrongState];
    OpenProblems: signed changing [BadRequest, NotFound, InvalidField];
}

/// Makes a ticket that opens the console once, within a minute, in this session.
#[utoipa::path(
    post, path = "/instances/{instance}/console", tag = "instances", operation_id = "create_console_ticket",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
    ),
    security(("session" = [])),
    responses((status = 201, description = "The ticket.", body = ConsoleTicket), TicketProblems),
)]
pub(crate) async fn ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, instance)): Path<(String, String)>,
) -> Result<impl IntoResponse, Fault> {
    let ticket = service::ticket(&app, &caller, &project, &instance).await?;
    Ok((StatusCode::CREATED, Json(ticket)))
}

/// Opens the console as a WebSocket with binary messages both ways. The last
/// 64 KiB that the guest printed come first. It stays open while the guest
/// stops and starts, and is closed when the instance or the session is gone.
#[utoipa::path(
    get, path = "/instances/{instance}/console", tag = "instances", operation_id = "open_console",
    params(
        ("project" = String, Path, description = "Id or name of the project."),
        ("instance" = String, Path, description = "Id or name of the instance."),
        ConsoleQuery,
    ),
    security(("session" = [])),
    responses((status = 101, description = "The console is open."), OpenProblems),
)]
pub(crate) async fn open(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, instance)): Path<(String, String)>,
    Query(query): Query<ConsoleQuery>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Fault> {
    let socket = socket.map_err(|rejection| {
        Fault::new(
            ProblemCode::BadRequest,
            format!("This is no WebSocket request: {rejection}."),
        )
    })?;
    let instance = service::redeem(&app, &caller, &project, &instance, &query.ticket).await?;
    let session = caller.session.id;
    Ok(socket
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| watch(app, instance, session, socket)))
}
