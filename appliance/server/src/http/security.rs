//! What keeps other people's pages away.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use megh_api_types::ProblemCode;

use crate::fault::Fault;

/// Scripts, fonts, pictures and connections are the appliance's own. Inline
/// styles are allowed: the component library and the terminal set them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Middleware: the headers of every answer.
pub(super) async fn add_headers(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Middleware: refuses what changes something, or opens a WebSocket, when it
/// comes from another site's page.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let socket = request.headers().contains_key(header::UPGRADE);
    if (!safe || socket) && comes_from_elsewhere(request.headers(), request.uri()) {
        return Fault::new(
            ProblemCode::CrossSite,
            "The request was made by a page of another site.",
        )
        .into_response();
    }
    next.run(request).await
}

/// Browsers say where a request comes from; programs say nothing.
fn comes_from_elsewhere(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    // HTTP/2 has the host in the URI.
    let host = uri
        .authority()
        .map(|authority| authority.as_str())
        .or(text(header::HOST));
    origin
        .strip_prefix("https://")
        .is_none_or(|origin| Some(origin) != host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_and_programs_are_at_home() {
        let cases: [(&[(&str, &str)], bool); 8] = [
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://megh.lan"),
                ],
                true,
            ),
            (
                &[("host", "megh.lan"), ("origin", "https://megh.lan")],
                false,
            ),
            (
                &[("host", "megh.lan"), ("origin", "https://megh.lan:8443")],
                true,
            ),
            (&[("host", "megh.lan"), ("origin", "null")], true),
        ];
        for (headers, elsewhere) in cases {
            let map = headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.parse().expect("a name"),
                        value.parse().expect("a value"),
                    )
                })
                .collect::<HeaderMap>();
            let uri = Uri::from_static("/api/v1/sessions");
            assert_eq!(comes_from_elsewhere(&map, &uri), elsewhere, "{headers:?}");
        }
    }
}
