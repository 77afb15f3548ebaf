//! Who sends a request, and how often it is meant.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::AppState;
use crate::app;
use crate::fault::Fault;
use crate::secret::Secret;
use crate::service::{Caller, Once, sessions};

/// The cookie with the session's secret.
const COOKIE_NAME: &str = "megh_session";
/// Attributes of the cookie: scripts do not see it, other sites do not send it.
const COOKIE_ATTRIBUTES: &str = "Path=/; HttpOnly; Secure; SameSite=Strict";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest idempotency key.
const MAX_KEY: usize = 128;

/// The value of `Set-Cookie` that hands out a session.
pub(super) fn session_cookie(secret: &Secret) -> HeaderValue {
    let text = format!(
        "{COOKIE_NAME}={}; Max-Age={}; {COOKIE_ATTRIBUTES}",
        secret.reveal(),
        sessions::LIFETIME / 1000
    );
    let mut value = HeaderValue::try_from(text).expect("base64url and attributes are header text");
    value.set_sensitive(true);
    value
}

/// The value of `Set-Cookie` that takes a session away.
pub(super) fn no_cookie() -> HeaderValue {
    HeaderValue::try_from(format!("{COOKIE_NAME}=; Max-Age=0; {COOKIE_ATTRIBUTES}"))
        .expect("attributes are header text")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Fault> {
        sessions::authenticate(app, cookie(&parts.headers)).await
    }
}

/// The address of the sender; absent when there was no socket.
pub(super) struct Peer(pub app::Peer);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(connection.map(|ConnectInfo(address)| address.ip())))
    }
}

/// The idempotency key of a request, with what it was sent to.
pub(super) struct Key {
    key: Option<String>,
    target: Vec<u8>,
}

impl Key {
    /// Binds the key to the request's body as well.
    pub(super) fn once(self, body: [u8; 32]) -> Once {
        let hash = Sha256::new()
            .chain_update(&self.target)
            .chain_update([0])
            .chain_update(body)
            .finalize();
        Once {
            key: self.key.map(|key| (key, hash.into())),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let key = parts.headers.get(IDEMPOTENCY_KEY).map(|value| {
            let text = value
                .to_str()
                .ok()
                .filter(|text| (1..=MAX_KEY).contains(&text.len()));
            text.map(str::to_owned).ok_or_else(|| {
                Fault::field(
                    "Idempotency-Key",
                    format!("must be 1 to {MAX_KEY} visible ASCII characters"),
                )
            })
        });
        let target = format!("{} {}", parts.method, parts.uri.path()).into_bytes();
        Ok(Self {
            key: key.transpose()?,
            target,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers), None);
        headers.append(
            COOKIE,
            HeaderValue::from_static("theme=dark; other_megh_session=x"),
        );
        assert_eq!(cookie(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("a=b; megh_session=secret"));
        assert_eq!(cookie(&headers), Some("secret"));
    }
}
