//! Reading JSON bodies and queries, strictly.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use megh_api_types::ProblemCode;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::fault::Fault;

/// Largest JSON body.
const MAX_BODY: usize = 64 * 1024;
/// How long a JSON body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A JSON body, and the hash of its bytes.
pub(super) struct JsonBody<T> {
    /// What was sent.
    pub value: T,
    /// SHA-256 of it, for idempotency keys.
    pub hash: [u8; 32],
}

/// A JSON body that may be absent; then it is the default.
pub(super) struct OptionalJson<T>(pub JsonBody<T>);

/// The query.
pub(super) struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts) {
            return Err(Fault::new(
                ProblemCode::UnsupportedMediaType,
                "The body must be `Content-Type: application/json`.",
            ));
        }
        parse(&read(body).await?)
    }
}

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            let hash = Sha256::digest(b"").into();
            return Ok(Self(JsonBody {
                value: T::default(),
                hash,
            }));
        }
        JsonBody::from_request(Request::from_parts(parts, Body::from(bytes)), &())
            .await
            .map(Self)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| Fault::field("query", error.body_text()))
    }
}

fn is_json(parts: &Parts) -> bool {
    let Some(value) = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn read(body: Body) -> Result<Bytes, Fault> {
    let collected = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fault::new(
            ProblemCode::TooLarge,
            format!("A JSON body has at most {MAX_BODY} bytes."),
        )),
        Ok(Err(_)) => Err(Fault::new(ProblemCode::BadRequest, "The body ended early.")),
        Err(_) => Err(Fault::new(
            ProblemCode::BadRequest,
            "The body stopped coming.",
        )),
    }
}

/// Malformed JSON is `bad_request`; well-formed JSON that is not what is
/// wanted is `invalid_field`, with the path of the field.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<JsonBody<T>, Fault> {
    let malformed = |error: &serde_json::Error| {
        Fault::new(
            ProblemCode::BadRequest,
            format!("The body is not JSON: {error}."),
        )
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        if inner.is_data() {
            Fault::field(if path == "." { "body" } else { &path }, inner.to_string())
        } else {
            malformed(inner)
        }
    })?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(JsonBody {
        value,
        hash: Sha256::digest(bytes).into(),
    })
}
