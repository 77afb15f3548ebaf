//! The handlers, one module per resource.

pub(super) mod claim;
pub(super) mod console;
pub(super) mod images;
pub(super) mod instances;
pub(super) mod operations;
pub(super) mod sessions;
pub(super) mod system;
pub(super) mod updates;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use megh_store::Written;
use serde::Serialize;

/// Says that the answer is that of an earlier request with the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The answer to a change that is done once per key.
fn written<T: Serialize>(status: StatusCode, written: Written<T>) -> Response {
    let mut response = (status, axum::Json(written.value)).into_response();
    if written.replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
