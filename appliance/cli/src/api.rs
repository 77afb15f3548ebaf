//! Calls of the API.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use megh_api_types::{Operation, OperationStatus, Page, Problem};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Body, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::failure::Failure;
use crate::profile::Profile;
use crate::progress;
use crate::tls::{Fingerprint, Seen, config};

/// Times a change is tried when the connection breaks; its key makes that safe.
const TRIES: u32 = 3;
const COOKIE_NAME: &str = "megh_session";

/// An appliance to call.
pub(crate) struct Api {
    http: reqwest::Client,
    seen: Seen,
    /// Where it is and who asks.
    pub profile: Profile,
}

impl Api {
    /// Trusts the profile's fingerprint only.
    pub(crate) fn new(profile: Profile) -> Result<Self> {
        let pin = profile.fingerprint.parse()?;
        Self::with_pin(profile, Some(pin))
    }

    /// Trusts any certificate, to find out its fingerprint.
    pub(crate) fn without_trust(url: &str) -> Result<Self> {
        Self::with_pin(
            Profile {
                url: url.to_owned(),
                fingerprint: String::new(),
                session: None,
            },
            None,
        )
    }

    fn with_pin(profile: Profile, pin: Option<Fingerprint>) -> Result<Self> {
        let (tls, seen) = config(pin)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .context("cannot set up HTTPS")?;
        Ok(Self {
            http,
            seen,
            profile,
        })
    }

    /// Fingerprint of the certificate that was shown last.
    pub(crate) fn seen(&self) -> Option<Fingerprint> {
        *self
            .seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Gets a resource.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(
            self.send(
                self.request(Method::GET, path)
                    .timeout(Duration::from_secs(30)),
            )
            .await?,
        )
        .await
    }

    /// Gets all pages of a list.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut after = String::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let page: Page<T> = self
                .get(&format!("{path}{separator}limit=500{after}"))
                .await?;
            items.extend(page.items);
            let Some(next) = page.next else {
                return Ok(items);
            };
            after = format!("&after={next}");
        }
    }

    /// Posts a change. It is sent again when the connection breaks, with the
    /// same key, so that it is done once.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let key = Uuid::new_v4().to_string();
        let mut tries = 1;
        loop {
            let request = self
                .request(Method::POST, path)
                .header("idempotency-key", &key)
                .json(body);
            match self.send(request.timeout(Duration::from_secs(60))).await {
                Err(error) if tries < TRIES && is_broken(&error) => tries += 1,
                other => return read(other?).await,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Puts a resource in place of the one that is there.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let request = self.request(Method::PUT, path).json(body);
        read(self.send(request.timeout(Duration::from_secs(60))).await?).await
    }

    /// Posts something that opens a session; what it answers, and the session's secret.
    pub(crate) async fn open_session<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(T, String)> {
        let request = self
            .request(Method::POST, path)
            .json(body)
            .timeout(Duration::from_secs(60));
        let response = self.send(request).await?;
        let cookies = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let secret = cookies
            .filter_map(|cookie| cookie.split(';').next()?.split_once('='))
            .find_map(|(name, value)| (name == COOKIE_NAME).then(|| value.to_owned()))
            .context("the appliance gave no session")?;
        Ok((read(response).await?, secret))
    }

    /// Deletes a resource.
    pub(crate) async fn delete(&self, path: &str) -> Result<Response> {
        self.send(
            self.request(Method::DELETE, path)
                .timeout(Duration::from_secs(30)),
        )
        .await
    }

    /// Sends a file's content.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        length: u64,
        content: Body,
    ) -> Result<T> {
        let request = self
            .request(Method::PUT, path)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, length)
            .body(content);
        read(self.send(request).await?).await
    }

    /// Waits for an operation to end; a failed one is an error.
    pub(crate) async fn wait(&self, path: &str, quiet: bool) -> Result<Operation> {
        let mut pause = Duration::from_millis(100);
        loop {
            let operation: Operation = self.get(path).await?;
            progress::operation(&operation, quiet);
            match operation.status {
                OperationStatus::Succeeded => return Ok(operation),
                OperationStatus::Failed => {
                    return Err(Failure::Operation(Box::new(operation)).into());
                }
                OperationStatus::Running => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(1));
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v1/{path}", self.profile.url));
        match &self.profile.session {
            Some(session) => request.header(COOKIE, format!("{COOKIE_NAME}={session}")),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let problem: Problem = response
            .json()
            .await
            .with_context(|| format!("{} answered {status}", self.profile.url))?;
        Err(Failure::Problem(Box::new(problem)).into())
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let url = self.profile.url.clone();
        let pin = self.profile.fingerprint.parse::<Fingerprint>().ok();
        if let (Some(pinned), Some(seen)) = (pin, self.seen())
            && pinned != seen
        {
            return Failure::OtherCertificate {
                url,
                seen: seen.to_string(),
                pinned: pinned.to_string(),
            }
            .into();
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Failure::Unreachable {
            url,
            cause: cause.to_string(),
        }
        .into()
    }
}

fn is_broken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Failure::Unreachable { .. }))
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    let bytes = response.bytes().await.context("the answer ended early")?;
    serde_json::from_slice(&bytes).map_err(|error| {
        anyhow!(error).context("the answer is not what this version of megh understands")
    })
}
