//! The API's own description, made from the handlers and the types.

use std::collections::BTreeMap;

use megh_api_types::{Problem, ProblemCode};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::problem::PROBLEM_JSON;

/// The part of the description that belongs to no single handler.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "MeghOS",
        version = "1",
        description = "The API of a MeghOS appliance. Every error is an RFC 9457 problem document with a \
            stable `code`; see `/docs/problems` on the appliance. Requests refuse unknown fields. \
            `Idempotency-Key` on a POST makes it safe to repeat for 24 hours.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "appliance", description = "The appliance as a whole."),
        (name = "updates", description = "The appliance's own system: versions, slots, updates and the way back."),
        (name = "identity", description = "Claim, login and sessions."),
        (name = "images", description = "What instances are made from."),
        (name = "instances", description = "Virtual machines."),
        (name = "operations", description = "Work that outlives the request that asked for it."),
    ),
    components(schemas(Problem)),
    modifiers(&Session),
)]
pub(super) struct Api;

/// Names the session cookie.
struct Session;

impl Modify for Session {
    fn modify(&self, document: &mut Document) {
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("megh_session")));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("session", cookie);
    }
}

/// The description as it is served and checked in.
pub fn document() -> Document {
    super::router::routes().split_for_parts().1
}

/// The answers of a handler that is given these problems: one per status, with
/// the codes that it stands for.
pub(super) fn problem_responses(codes: &[ProblemCode]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in codes
        .iter()
        .chain(&[ProblemCode::Internal, ProblemCode::Unavailable])
    {
        by_status.entry(code.status()).or_default().push(*code);
    }
    let response = |codes: Vec<ProblemCode>| {
        let lines: Vec<_> = codes
            .iter()
            .map(|code| format!("`{code}`: {}", code.title()))
            .collect();
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(lines.join("; "))
            .content(PROBLEM_JSON, content)
            .build()
    };
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(codes).into()))
        .collect()
}

/// Names the problems that a handler may answer with. `signed` adds those of
/// every handler that needs a session, `changing` those of one that is no GET.
macro_rules! problems {
    ($($name:ident: $($set:ident)* [$($code:ident),* $(,)?];)+) => {$(
        /// Problems of a handler.
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                let own: &[megh_api_types::ProblemCode] = &[$(megh_api_types::ProblemCode::$code),*];
                let sets: &[&[megh_api_types::ProblemCode]] = &[own, $(&$crate::http::openapi::$set()),*];
                $crate::http::openapi::problem_responses(&sets.concat())
            }
        }
    )+};
}

pub(super) use problems;

/// Problems of every handler that needs a session.
pub(super) fn signed() -> [ProblemCode; 2] {
    [ProblemCode::NotAuthenticated, ProblemCode::NotClaimed]
}

/// Problems of every handler that changes something.
pub(super) fn changing() -> [ProblemCode; 1] {
    [ProblemCode::CrossSite]
}

/// Problems of every handler that reads a JSON body.
pub(super) fn reading() -> [ProblemCode; 4] {
    [
        ProblemCode::BadRequest,
        ProblemCode::TooLarge,
        ProblemCode::UnsupportedMediaType,
        ProblemCode::InvalidField,
    ]
}
