//! The gate that is shut until somebody owns the appliance.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use megh_api_types::ProblemCode;

use super::AppState;
use crate::fault::Fault;

/// What is open to everybody at any time.
const OPEN: [&str; 3] = ["/api/v1/health", "/api/v1/claim", "/api/v1/openapi.json"];

/// Middleware: before the claim, the API has nothing else.
pub(super) async fn refuse_unclaimed(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let shut = path.starts_with("/api/") && !OPEN.contains(&path);
    if shut && !app.ownership.is_claimed() {
        return Fault::new(ProblemCode::NotClaimed, "This appliance has no owner yet.")
            .into_response();
    }
    next.run(request).await
}
