//! The HTTP client, and which addresses it goes to.

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use super::Patience;
use crate::fetch::FetchError;

/// Redirects followed for one request.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Why a redirect was not followed; found again in reqwest's error.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedirectError {
    #[error("too many redirects")]
    TooMany,
    #[error("a redirect to {0}")]
    Refused(String),
}

/// A client that follows the machine's proxy settings and certificates.
pub(super) fn client(patience: &Patience) -> Result<Client, FetchError> {
    // Another part of the process may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .http1_only()
        .connect_timeout(patience.connect)
        .referer(false)
        .redirect(Policy::custom(redirect))
        .user_agent(concat!("meghos/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| FetchError::Setup(error.into()))
}

/// Never from https to http: that would tell the network what is fetched.
fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure = attempt
        .previous()
        .first()
        .is_some_and(|url| url.scheme() == "https");
    let followed = match attempt.url().scheme() {
        "https" => true,
        "http" => !secure,
        _ => false,
    };
    if !followed {
        let to = attempt.url().to_string();
        attempt.error(RedirectError::Refused(to))
    } else if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error(RedirectError::TooMany)
    } else {
        attempt.follow()
    }
}

/// The address as a directory.
pub(super) fn base(text: &str) -> Result<Url, FetchError> {
    let fail = |why: String| FetchError::Url {
        url: text.escape_default().take(200).collect(),
        why,
    };
    let mut url = Url::parse(text).map_err(|error| fail(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail(format!("{} is neither http nor https", url.scheme())));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("it has a query or a fragment".to_owned()));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_directories_on_the_web() {
        for (given, taken) in [
            ("http://m.example", "http://m.example/"),
            ("https://m.example/os", "https://m.example/os/"),
            ("https://m.example:8443/os/", "https://m.example:8443/os/"),
        ] {
            assert_eq!(base(given).unwrap().as_str(), taken);
        }
        for bad in [
            "",
            "m.example",
            "ftp://m.example/",
            "file:///etc",
            "http://",
            "http://m.example/?a=b",
            "http://m.example/#a",
            "data:text/plain,x",
        ] {
            assert_eq!(base(bad).unwrap_err().code(), "bad-address", "{bad}");
        }
    }
}
