//! The files of the web page. What is neither a file nor the API is a view of
//! the page, which finds its way by itself.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use megh_api_types::ProblemCode;
use tower_http::services::{ServeDir, ServeFile};

use crate::fault::Fault;

/// Files below it have a hash in their names and never change.
const HASHED: &str = "/assets/";

/// Serves the files of a directory; without one there is no page.
pub(super) fn pages(directory: Option<&Path>) -> Router {
    let Some(directory) = directory else {
        return Router::new();
    };
    let index = ServeFile::new(directory.join("index.html"));
    let files = ServeDir::new(directory)
        .precompressed_gzip()
        .precompressed_br()
        .fallback(index);
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(around))
}

async fn around(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/api" || path.starts_with("/api/") {
        return Fault::not_found("path", &path).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let detail = format!("`{path}` does not take this method.");
        return Fault::new(ProblemCode::MethodNotAllowed, detail).into_response();
    }
    let mut response = next.run(request).await;
    let is_page = response
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if path.starts_with(HASHED) && is_page {
        return Fault::not_found("file", &path).into_response();
    }
    let lasting = path.starts_with(HASHED) && response.status() == StatusCode::OK;
    let value = if lasting {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(value));
    response
}
