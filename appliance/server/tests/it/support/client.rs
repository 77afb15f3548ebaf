//! A client that also checks what every answer must have: that its status is
//! documented, that errors are problem documents, that the headers are there.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The administrator of the tests.
pub const ADMIN: &str = "admin";
/// The administrator's password.
pub const PASSWORD: &str = "correct horse battery";

/// A client of the API, with a cookie once it has a session.
#[derive(Clone)]
pub struct Client {
    router: Router,
    pub cookie: Option<String>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// Fails unless the answer has this status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self
    }

    /// Fails unless the answer is a problem of this code.
    #[track_caller]
    pub fn expect_problem(self, code: &str) -> Self {
        assert_eq!(self.body["code"], code, "{} {:#}", self.status, self.body);
        self
    }

    /// A text of the body.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found
            .unwrap_or_else(|| panic!("no text at {pointer} in {:#}", self.body))
            .to_owned()
    }
}

impl Client {
    pub fn new(router: Router) -> Self {
        Self {
            router,
            cookie: None,
        }
    }

    pub async fn claim(&mut self, code: &str) -> Answer {
        let body = json!({"code": code, "admin": {"name": ADMIN, "password": PASSWORD}});
        let answer = self.post("/api/v1/claim", body).await;
        self.take_cookie(&answer);
        answer
    }

    pub async fn login(&mut self) -> Answer {
        let answer = self
            .post(
                "/api/v1/sessions",
                json!({"name": ADMIN, "password": PASSWORD}),
            )
            .await;
        self.take_cookie(&answer);
        answer
    }

    fn take_cookie(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.headers.get(SET_COOKIE) {
            let text = cookie.to_str().expect("a text");
            self.cookie = text.split(';').next().map(str::to_owned);
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path), Body::empty())
            .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/json");
        self.send(request, Body::from(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path), Body::empty())
            .await
    }

    pub async fn put(&self, path: &str, content: impl Into<Body>) -> Answer {
        let request = self
            .request(Method::PUT, path)
            .header(CONTENT_TYPE, "application/octet-stream");
        self.send(request, content.into()).await
    }

    /// Begins a request, with the session if there is one.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub async fn send(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let request = request.body(body).expect("a request");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        check_headers(&answer);
        check_problem(&answer);
        check_documented(&method, &path, &answer);
        answer
    }

    /// Announces and uploads an image, and waits until it is ready.
    pub async fn image(&self, name: &str, content: Vec<u8>) -> Value {
        self.post(&format!("{PROJECT}/images"), json!({"name": name}))
            .await
            .expect_status(201);
        let answer = self
            .put(&format!("{PROJECT}/images/{name}/content"), content)
            .await
            .expect_status(202);
        let operation = self.wait(&answer).await;
        assert_eq!(operation["status"], "succeeded", "{operation:#}");
        self.get(&format!("{PROJECT}/images/{name}")).await.body
    }

    /// Makes an instance from an image and waits until that has ended.
    pub async fn instance(&self, name: &str, image: &str, start: bool) -> Value {
        let answer = self
            .post(
                &format!("{PROJECT}/instances"),
                new_instance(name, image, start),
            )
            .await;
        let operation = self.wait(&answer.expect_status(202)).await;
        assert_eq!(operation["status"], "succeeded", "{operation:#}");
        self.get(&format!("{PROJECT}/instances/{name}")).await.body
    }

    /// Waits for the operation of an answer to end.
    pub async fn wait(&self, accepted: &Answer) -> Value {
        self.wait_for(&accepted.text("/operation/id")).await
    }

    /// Waits for an operation to end.
    pub async fn wait_for(&self, operation: &str) -> Value {
        for _ in 0..24_000 {
            let now = self
                .get(&format!("{PROJECT}/operations/{operation}"))
                .await
                .expect_status(200)
                .body;
            if now["status"] != "running" {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("operation {operation} does not end");
    }
}

/// The project of the tests.
pub const PROJECT: &str = "/api/v1/projects/default";

/// A small instance.
pub fn new_instance(name: &str, image: &str, start: bool) -> Value {
    json!({"name": name, "image": image, "vcpus": 1, "memory": 64 << 20, "start": start})
}

#[track_caller]
fn check_headers(answer: &Answer) {
    for name in [
        "x-request-id",
        "content-security-policy",
        "x-content-type-options",
        "strict-transport-security",
    ] {
        assert!(
            answer.headers.contains_key(name),
            "no {name} in {:?}",
            answer.headers
        );
    }
}

#[track_caller]
fn check_problem(answer: &Answer) {
    if !answer.status.is_client_error() && !answer.status.is_server_error() {
        return;
    }
    assert_eq!(
        answer.headers[CONTENT_TYPE], "application/problem+json",
        "{}",
        answer.status
    );
    let problem: megh_api_types::Problem =
        serde_json::from_value(answer.body.clone()).expect("an error is a problem document");
    assert_eq!(problem.status, answer.status.as_u16());
    assert_eq!(
        problem.request_id,
        answer.headers["x-request-id"].to_str().expect("a text")
    );
    assert!(
        !problem.detail.is_empty() && !problem.remedy.is_empty(),
        "{problem:?}"
    );
    if problem.status == 429 {
        assert!(answer.headers.contains_key("retry-after"));
    }
}

/// The statuses of the OpenAPI document for a method and path.
fn documented(method: &Method, path: &str) -> Option<Vec<u16>> {
    let document = serde_json::to_value(meghd::http::document()).expect("the document is JSON");
    let paths: BTreeMap<String, Value> =
        serde_json::from_value(document["paths"].clone()).expect("paths are a map");
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) =
            (template.split('/').collect(), path.split('/').collect());
        let same = |(template, path): (&&str, &&str)| template == path || template.starts_with('{');
        template.len() == path.len() && template.iter().zip(&path).all(same)
    };
    // Fixed parts come before variable ones: `/sessions/current`.
    let template = paths
        .keys()
        .filter(|template| fits(template))
        .min_by_key(|template| template.contains("/{session}"))?;
    let responses = paths[template]
        .get(method.as_str().to_lowercase())?
        .get("responses")?
        .as_object()?
        .clone();
    Some(
        responses
            .keys()
            .filter_map(|status| status.parse().ok())
            .collect(),
    )
}

#[track_caller]
fn check_documented(method: &Method, path: &str, answer: &Answer) {
    if let Some(statuses) = documented(method, path) {
        let status = answer.status.as_u16();
        assert!(
            statuses.contains(&status),
            "{method} {path} answered {status}, documented are {statuses:?}"
        );
    }
}
