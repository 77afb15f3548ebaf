//! The routes, each once, and the layers around them.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::Api;
use super::routes::{claim, console, images, instances, operations, sessions, system, updates};
use super::{AppState, gate, problem, request_id, security, web};

/// The text about problems, which problem documents refer to.
const PROBLEMS: &str = include_str!("../../../../docs/api-problems.md");

/// Everything that the appliance answers. Tests call it without a socket.
pub fn router(app: AppState) -> Router {
    let (api, document) = routes().split_for_parts();
    let page = web::pages(app.settings.web_dir.as_deref());
    api.route(
        "/api/v1/openapi.json",
        get(move || std::future::ready(axum::Json(document.clone()))),
    )
    .route("/docs/problems", get(PROBLEMS))
    .fallback_service(page)
    .layer(from_fn_with_state(app.clone(), gate::refuse_unclaimed))
    .layer(from_fn(security::refuse_other_sites))
    .layer(CatchPanicLayer::custom(problem::panicked))
    .layer(from_fn(problem::write_problems))
    .layer(from_fn(security::add_headers))
    .layer(from_fn(request_id::identify))
    .with_state(app)
}

/// The routes that are described.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    let project = OpenApiRouter::new()
        .routes(routes!(images::list, images::create))
        .routes(routes!(images::show, images::delete))
        .routes(routes!(images::upload))
        .routes(routes!(instances::list, instances::create))
        .routes(routes!(instances::show, instances::delete))
        .routes(routes!(instances::start))
        .routes(routes!(instances::stop))
        .routes(routes!(console::ticket, console::open))
        .routes(routes!(operations::list))
        .routes(routes!(operations::show));
    let api = OpenApiRouter::new()
        .routes(routes!(system::health))
        .routes(routes!(system::system))
        .routes(routes!(updates::show))
        .routes(routes!(updates::check))
        .routes(routes!(updates::stage))
        .routes(routes!(updates::apply))
        .routes(routes!(updates::rollback))
        .routes(routes!(updates::set))
        .routes(routes!(updates::journal))
        .routes(routes!(claim::claim))
        .routes(routes!(sessions::list, sessions::login))
        .routes(routes!(sessions::logout))
        .routes(routes!(sessions::revoke))
        .nest("/projects/{project}", project);
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", api)
}
