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
    /// 409: the updater is at work already.
    UpdateUnderWay,
    /// 409: no release lies ready in the other slot.
    NothingStaged,
    /// 409: the other slot holds nothing that has done its job.
    NoWayBack,
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
    /// 503: the updater refused, failed or does not answer.
    UpdaterFailed,
    /// 507: no room.
    NoSpace,
}

/// What is the same for every problem of one code.
struct Kind {
    name: &'static str,
    status: u16,
    title: &'static str,
    remedy: &'static str,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 25] = [
        Self::BadRequest,
        Self::NotAuthenticated,
        Self::WrongCredentials,
        Self::NotClaimed,
        Self::WrongClaimCode,
        Self::CrossSite,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::AlreadyClaimed,
        Self::NameTaken,
        Self::WrongState,
        Self::ImageInUse,
        Self::UpdateUnderWay,
        Self::NothingStaged,
        Self::NoWayBack,
        Self::IdempotencyMismatch,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidField,
        Self::ImageRefused,
        Self::TooManyAttempts,
        Self::Internal,
        Self::Unavailable,
        Self::UpdaterFailed,
        Self::NoSpace,
    ];

    /// The code as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        self.kind().name
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        self.kind().status
    }

    /// What happened, in general.
    pub fn title(self) -> &'static str {
        self.kind().title
    }

    /// What to do, in general.
    pub fn remedy(self) -> &'static str {
        self.kind().remedy
    }

    const fn kind(self) -> Kind {
        let (name, status, title, remedy) = match self {
            Self::BadRequest => (
                "bad_request",
                400,
                "The request is not well-formed",
                "Correct the request; the detail says what could not be read.",
            ),
            Self::NotAuthenticated => (
                "not_authenticated",
                401,
                "A session is needed",
                "Log in with `megh login`, or open the web page, and try again.",
            ),
            Self::WrongCredentials => (
                "wrong_credentials",
                401,
                "Name or password is wrong",
                "Check the name and the password and try again.",
            ),
            Self::NotClaimed => (
                "not_claimed",
                403,
                "The appliance has no owner yet",
                "Claim it with the code on its own screen: `megh claim`, or the web page.",
            ),
            Self::WrongClaimCode => (
                "wrong_claim_code",
                403,
                "The claim code is wrong",
                "Read the code on the appliance's own screen; after five wrong ones it shows a new code.",
            ),
            Self::CrossSite => (
                "cross_site",
                403,
                "The request comes from another site",
                "Use the appliance's own web page or the command line.",
            ),
            Self::NotFound => (
                "not_found",
                404,
                "Not found",
                "Check the spelling; a list shows what there is.",
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                405,
                "The path does not take this method",
                "Use a method that the `Allow` header names.",
            ),
            Self::AlreadyClaimed => (
                "already_claimed",
                409,
                "The appliance has an owner already",
                "Log in instead.",
            ),
            Self::NameTaken => (
                "name_taken",
                409,
                "The name is taken",
                "Choose another name, or delete what has it.",
            ),
            Self::WrongState => (
                "wrong_state",
                409,
                "The object's state does not allow this now",
                "Wait for the operation that is under way, or bring the object into the state that the detail names.",
            ),
            Self::ImageInUse => (
                "image_in_use",
                409,
                "The image is in use",
                "Wait for the operation that uses the image, then try again.",
            ),
            Self::UpdateUnderWay => (
                "update_under_way",
                409,
                "The updater is at work already",
                "Wait until it is done: `megh system update --watch` shows how far it is.",
            ),
            Self::NothingStaged => (
                "nothing_staged",
                409,
                "No release lies ready",
                "Stage a release first: `megh system update stage`.",
            ),
            Self::NoWayBack => (
                "no_way_back",
                409,
                "The other slot holds nothing to go back to",
                "Nothing needs to be done: the version that runs is the one that is known to work.",
            ),
            Self::IdempotencyMismatch => (
                "idempotency_mismatch",
                409,
                "The idempotency key was used with another request",
                "Use a new key for a new request.",
            ),
            Self::TooLarge => (
                "too_large",
                413,
                "The body is too large",
                "Send less; the detail names the limit.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                415,
                "The content type is not taken here",
                "Set the `Content-Type` that the detail names.",
            ),
            Self::InvalidField => (
                "invalid_field",
                422,
                "A field has a value that is not allowed",
                "Correct the fields listed in `errors`.",
            ),
            Self::ImageRefused => (
                "image_refused",
                422,
                "The upload is no disk image that is taken here",
                "Upload a raw disk or a qcow2 image without backing or data file.",
            ),
            Self::TooManyAttempts => (
                "too_many_attempts",
                429,
                "Too many attempts",
                "Wait for the seconds that `Retry-After` gives.",
            ),
            Self::Internal => (
                "internal",
                500,
                "A fault of the appliance",
                "Try again; if it stays, look for the request id in the appliance's journal.",
            ),
            Self::Unavailable => (
                "unavailable",
                503,
                "The appliance cannot do this now",
                "Wait for the seconds that `Retry-After` gives and try again.",
            ),
            Self::UpdaterFailed => (
                "updater_failed",
                503,
                "The updater cannot do this",
                "Do what the detail says, or look for `megh-update` in the appliance's journal.",
            ),
            Self::NoSpace => (
                "no_space",
                507,
                "No room",
                "Delete images or instances that are not needed, or add storage.",
            ),
        };
        Kind {
            name,
            status,
            title,
            remedy,
        }
    }
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_code_is_its_json() {
        for code in ProblemCode::ALL {
            let json = serde_json::to_value(code).expect("a code is a string");
            assert_eq!(json, code.as_str());
        }
    }
}
