//! An id for every request, in its answer, its problem and the journal.

use std::fmt;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

/// Header of the answer with the id of the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Id of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestId(Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Middleware: gives the request an id and writes a line about its answer.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId(Uuid::new_v4());
    let began = Instant::now();
    // The query is left out: a console's has its ticket.
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(id);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    span.in_scope(|| {
        let (status, took) = (response.status().as_u16(), began.elapsed().as_millis());
        tracing::debug!(status, took, "answered");
    });
    response
}
