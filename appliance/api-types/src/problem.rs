//! Errors, as RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of problems. A code, once published, keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// 400: the request is not well-formed.
    BadRequest,
    /// 401: no valid session.
    NotAuthenticated,
    /// 401: name or password is wrong.
    WrongCredentials,
    /// 403: the appliance is not claimed yet.
    NotClaimed,
    /// 403: the claim code is wrong.
    WrongClaimCode,
    /// 403: the request comes from another site.
    CrossSite,
    /// 404: there is no such path or object, or it is not the caller's.
    NotFound,
    /// 405: the path does not take this method.
    MethodNotAllowed,
    /// 409: the appliance is claimed already.
    AlreadyClaimed,
    /// 409: the name is taken.
    NameTaken,
    /// 409: the object's state does not allow this now.
    WrongState,
    /// 409: the image is in use by an operation.
    ImageInUse,
    /// 409: the key was used with another request.
    IdempotencyMismatch,
    /// 413: the body is larger than allowed.
    TooLarge,
    /// 415: the content type is not taken here.
    UnsupportedMediaType,
    /// 422: a field has a value that is not allowed.
    InvalidField,
    /// 422: the upload is no disk image that is taken here.
    ImageRefused,
    /// 429: too many attempts.
    TooManyAttempts,
    /// 500: a fault of the appliance.
    Internal,
    /// 503: the appliance cannot do this now.
    Unavailable,
    /// 507: no room.
    NoSpace,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, `admin.password`.
    pub field: String,
    /// What is wrong, and what is right.
    pub message: String,
}

/// A problem, `application/problem+json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/docs/problems#<code>` on the appliance.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The code.
    pub code: ProblemCode,
    /// The same for every problem of this code.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened to which object.
    pub detail: String,
    /// What to do next.
    pub remedy: String,
    /// Id of the request, also in the logs.
    pub request_id: String,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}
