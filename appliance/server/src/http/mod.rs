//! HTTP: reads requests into validated types, calls the service, writes answers.

mod auth;
mod gate;
mod json;
mod openapi;
mod problem;
mod request_id;
mod router;
mod routes;
mod security;
mod web;

pub use openapi::document;
pub use problem::PROBLEM_JSON;
pub use request_id::REQUEST_ID;
pub use router::router;

use std::sync::Arc;

use crate::app::App;

/// What handlers get.
type AppState = Arc<App>;
