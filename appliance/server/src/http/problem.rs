//! Problem documents: every error of the API leaves through here.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use megh_api_types::{Problem, ProblemCode};

use super::request_id::RequestId;
use crate::fault::Fault;

/// Media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Marks a response that still has to be written as a problem document.
#[derive(Clone)]
struct Unwritten(Arc<Fault>);

impl IntoResponse for Fault {
    /// The status and a mark; `write_problems` writes the document, since
    /// only there the id of the request is known.
    fn into_response(self) -> Response {
        let mut response = status(self.code).into_response();
        response.extensions_mut().insert(Unwritten(Arc::new(self)));
        response
    }
}

/// Middleware: makes every error a problem document, also those that the
/// router or a panic brought about.
pub(super) async fn write_problems(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .cloned()
        .unwrap_or_default();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let fault = match response.extensions_mut().remove::<Unwritten>() {
        Some(Unwritten(fault)) => Arc::unwrap_or_clone(fault),
        None if response.status().is_client_error() || response.status().is_server_error() => {
            fault_of_status(response.status(), &path)
        }
        None => return response,
    };
    let mut written = document(&fault, &id);
    if let Some(allow) = response.headers().get(ALLOW) {
        written.headers_mut().insert(ALLOW, allow.clone());
    }
    written
}

/// What a bare status of the layers below means.
fn fault_of_status(status: StatusCode, path: &str) -> Fault {
    match status {
        StatusCode::NOT_FOUND => Fault::not_found("path", path),
        StatusCode::METHOD_NOT_ALLOWED => Fault::new(
            ProblemCode::MethodNotAllowed,
            format!("`{path}` does not take this method."),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(
            ProblemCode::TooLarge,
            "The body is larger than this path takes.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Fault::new(
            ProblemCode::UnsupportedMediaType,
            "This path does not take such content.",
        ),
        other if other.is_client_error() => Fault::new(
            ProblemCode::BadRequest,
            format!("The request could not be read ({other})."),
        ),
        other => Fault::internal(format_args!("bare status {other}")),
    }
}

/// Answer to a panic of a handler.
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a value that is no text");
    Fault::internal(format_args!("a handler panicked: {text}")).into_response()
}

fn document(fault: &Fault, id: &RequestId) -> Response {
    let problem = Problem {
        type_uri: format!("/docs/problems#{}", fault.code),
        code: fault.code,
        title: fault.code.title().to_owned(),
        status: fault.code.status(),
        detail: fault.detail.clone(),
        remedy: fault
            .remedy
            .clone()
            .unwrap_or_else(|| fault.code.remedy().to_owned()),
        request_id: id.to_string(),
        errors: fault.fields.clone(),
    };
    let mut response = (status(fault.code), axum::Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = fault.retry_after {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)),
        );
    }
    response
}

fn status(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
