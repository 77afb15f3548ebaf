//! Requests and answers.

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_api_types::{Health, Problem};
use reqwest::cookie::Jar;
use reqwest::{Body, Client, Method, RequestBuilder, Url};
use rustls::ClientConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::error::ApiError;
use super::pin::pinned;

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A client of one appliance; it keeps the session cookie.
#[derive(Debug)]
pub struct Api {
    runtime: Runtime,
    client: Client,
    pub(super) base: Url,
    pub(super) cookies: Arc<Jar>,
    pub(super) tls: ClientConfig,
}

impl Api {
    /// A client of the appliance at this port of the loopback, trusting only
    /// the certificate with this fingerprint.
    pub fn new(port: u16, fingerprint: &str) -> Result<Self> {
        let tls = pinned(fingerprint).context("reading the fingerprint")?;
        let cookies = Arc::new(Jar::default());
        let client = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .cookie_provider(Arc::clone(&cookies))
            .timeout(ANSWER_WITHIN)
            .build()
            .context("making the HTTP client")?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("starting the asynchronous runtime")?,
            client,
            base: Url::parse(&format!("https://127.0.0.1:{port}/")).context("making the URL")?,
            cookies,
            tls,
        })
    }

    /// The appliance's address, as a browser needs it.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// Waits until the API answers.
    pub fn wait_ready(&self, within: Duration) -> Result<Health> {
        let deadline = Instant::now() + within;
        loop {
            match self.get::<Health>("health") {
                Ok(health) => return Ok(health),
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).with_context(|| format!("no API within {within:?}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// GET below `/api/v1/`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.send(Method::GET, path, |request| request)
    }

    /// POST of JSON below `/api/v1/`.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        self.send(Method::POST, path, |request| request.json(body))
    }

    /// DELETE below `/api/v1/`.
    pub fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.send(Method::DELETE, path, |request| request)
    }

    /// PUT of bytes below `/api/v1/`.
    pub fn put_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<Body>,
    ) -> Result<T, ApiError> {
        self.send(Method::PUT, path, |request| {
            request
                .header("content-type", "application/octet-stream")
                .body(body)
        })
    }

    /// Any request below `/api/v1/`; `shape` adds headers and a body.
    pub fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        shape: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, ApiError> {
        let request = format!("{method} {path}");
        let url = self
            .base
            .join(&format!("api/v1/{path}"))
            .expect("tests use valid paths");
        let builder = shape(self.client.request(method, url));
        let (status, body) = self
            .block_on(async {
                let answer = builder.send().await?;
                Ok((answer.status(), answer.bytes().await?))
            })
            .map_err(|source| ApiError::Transport {
                request: request.clone(),
                source,
            })?;
        let unpromised = || ApiError::Unpromised {
            request: request.clone(),
            status: status.as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        if status.is_success() {
            // An answer without a body stands for `()`.
            let text: &[u8] = if body.is_empty() { b"null" } else { &body };
            return serde_json::from_slice(text).map_err(|_| unpromised());
        }
        let problem: Problem = serde_json::from_slice(&body).map_err(|_| unpromised())?;
        Err(ApiError::Refused {
            request,
            problem: Box::new(problem),
        })
    }

    /// Repeats a look until it satisfies, or says what it saw last.
    pub fn wait_until<T: std::fmt::Debug>(
        &self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&Self) -> Result<T, ApiError>,
        satisfied: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let deadline = Instant::now() + within;
        loop {
            let seen = look(self)?;
            if satisfied(&seen) {
                return Ok(seen);
            }
            if Instant::now() >= deadline {
                bail!("{what}: not within {within:?}; seen last: {seen:?}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}
