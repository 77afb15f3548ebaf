//! Every documented bad input, and the problem that it gets.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::client::new_instance;
use crate::support::{World, boot_sector};

const P: &str = "/api/v1/projects/default";

/// Method, path, content type, body; status and code of the answer, and the
/// field that `errors` names.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
    Option<&'static str>,
);

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

const OPEN: &[Case] = &[
    ("POST", "claim", JSON, "{", 400, "bad_request", None),
    ("POST", "claim", JSON, "", 400, "bad_request", None),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x"} x"#,
        422,
        "invalid_field",
        Some("body"),
    ),
    (
        "POST",
        "claim",
        "text/plain",
        "{}",
        415,
        "unsupported_media_type",
        None,
    ),
    (
        "POST",
        "claim",
        "",
        "{}",
        415,
        "unsupported_media_type",
        None,
    ),
    (
        "POST",
        "claim",
        JSON,
        "[]",
        422,
        "invalid_field",
        Some("body"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":7}"#,
        422,
        "invalid_field",
        Some("code"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","extra":1}"#,
        422,
        "invalid_field",
        Some("extra"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","admin":{"name":"admin","password":"long enough pw","x":1}}"#,
        422,
        "invalid_field",
        Some("admin.x"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","admin":{"name":"Admin","password":"long enough pw"}}"#,
        422,
        "invalid_field",
        Some("admin.name"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","admin":{"name":"admin","password":"short"}}"#,
        422,
        "invalid_field",
        Some("admin.password"),
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","admin":{"name":"admin","password":"long enough pw"}}"#,
        403,
        "wrong_claim_code",
        None,
    ),
    ("PUT", "claim", JSON, "{}", 405, "method_not_allowed", None),
    ("GET", "system", "", "", 403, "not_claimed", None),
];

const SIGNED: &[Case] = &[
    ("GET", "nothing", "", "", 404, "not_found", None),
    ("GET", "projects/default", "", "", 404, "not_found", None),
    ("DELETE", "system", "", "", 405, "method_not_allowed", None),
    (
        "PATCH",
        "projects/default/images",
        "",
        "",
        405,
        "method_not_allowed",
        None,
    ),
    (
        "POST",
        "claim",
        JSON,
        r#"{"code":"x","admin":{"name":"admin","password":"long enough pw"}}"#,
        409,
        "already_claimed",
        None,
    ),
    (
        "POST",
        "sessions",
        JSON,
        r#"{"name":"admin","password":"wrong"}"#,
        401,
        "wrong_credentials",
        None,
    ),
    (
        "POST",
        "sessions",
        JSON,
        r#"{"name":"admin"}"#,
        422,
        "invalid_field",
        Some("body"),
    ),
    (
        "GET",
        "sessions?limit=x",
        "",
        "",
        422,
        "invalid_field",
        Some("query"),
    ),
    (
        "GET",
        "sessions?what=1",
        "",
        "",
        422,
        "invalid_field",
        Some("query"),
    ),
    (
        "GET",
        "sessions?limit=0",
        "",
        "",
        422,
        "invalid_field",
        Some("limit"),
    ),
    ("DELETE", "sessions/none", "", "", 404, "not_found", None),
    (
        "GET",
        "projects/other/images",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "GET",
        "projects/default/images?limit=1001",
        "",
        "",
        422,
        "invalid_field",
        Some("limit"),
    ),
    (
        "GET",
        "projects/default/images?after=%25",
        "",
        "",
        422,
        "invalid_field",
        Some("after"),
    ),
    (
        "GET",
        "projects/default/images/none",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "DELETE",
        "projects/default/images/none",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/other/images",
        JSON,
        r#"{"name":"x"}"#,
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/default/images",
        JSON,
        r#"{"name":"tiny"}"#,
        409,
        "name_taken",
        None,
    ),
    (
        "POST",
        "projects/default/images",
        JSON,
        r#"{"name":"-"}"#,
        422,
        "invalid_field",
        Some("name"),
    ),
    (
        "POST",
        "projects/default/images",
        JSON,
        r#"{"name":"../x"}"#,
        422,
        "invalid_field",
        Some("name"),
    ),
    (
        "PUT",
        "projects/default/images/none/content",
        BYTES,
        "x",
        404,
        "not_found",
        None,
    ),
    (
        "PUT",
        "projects/default/images/tiny/content",
        BYTES,
        "x",
        409,
        "wrong_state",
        None,
    ),
    (
        "PUT",
        "projects/default/images/empty/content",
        JSON,
        "x",
        415,
        "unsupported_media_type",
        None,
    ),
    (
        "PUT",
        "projects/default/images/empty/content",
        BYTES,
        "",
        422,
        "image_refused",
        None,
    ),
    (
        "GET",
        "projects/default/instances?limit=-1",
        "",
        "",
        422,
        "invalid_field",
        Some("query"),
    ),
    (
        "GET",
        "projects/default/instances/none",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "DELETE",
        "projects/default/instances/none",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/default/instances/none/start",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/default/instances/none/stop",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/default/instances/none/console",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "POST",
        "projects/default/instances/web/stop",
        JSON,
        r#"{"force":"yes"}"#,
        422,
        "invalid_field",
        Some("force"),
    ),
    (
        "POST",
        "projects/default/instances/web/stop",
        JSON,
        r#"{"hard":true}"#,
        422,
        "invalid_field",
        Some("hard"),
    ),
    (
        "POST",
        "projects/default/instances/web/stop",
        "text/plain",
        "now",
        415,
        "unsupported_media_type",
        None,
    ),
    (
        "POST",
        "projects/default/instances/web/console",
        "",
        "",
        409,
        "wrong_state",
        None,
    ),
    (
        "GET",
        "projects/default/instances/web/console",
        "",
        "",
        422,
        "invalid_field",
        Some("query"),
    ),
    (
        "GET",
        "projects/default/instances/web/console?ticket=x",
        "",
        "",
        400,
        "bad_request",
        None,
    ),
    (
        "GET",
        "projects/default/operations?subject=web",
        "",
        "",
        422,
        "invalid_field",
        Some("query"),
    ),
    (
        "GET",
        "projects/default/operations/none",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "GET",
        "projects/default/operations/00000000-0000-4000-8000-000000000000",
        "",
        "",
        404,
        "not_found",
        None,
    ),
    (
        "GET",
        "projects/other/operations",
        "",
        "",
        404,
        "not_found",
        None,
    ),
];

async fn check(client: &crate::support::Client, cases: &[Case]) {
    for (method, path, kind, body, status, code, field) in cases.iter().copied() {
        let method: Method = method.parse().expect("a method");
        let mut request = client.request(method.clone(), &format!("/api/v1/{path}"));
        if !kind.is_empty() {
            request = request.header(CONTENT_TYPE, kind);
        }
        let answer = client.send(request, Body::from(body)).await;
        let seen = (
            answer.status.as_u16(),
            answer.body["code"].as_str().unwrap_or_default(),
        );
        assert_eq!(
            seen,
            (status, code),
            "{method} {path} {body}: {:#}",
            answer.body
        );
        let named = answer.body["errors"][0]["field"].as_str();
        assert_eq!(named, field, "{method} {path} {body}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn every_bad_input_gets_its_problem() {
    let world = World::new();
    let server = world.start().await;
    let client = server.client();
    check(&client, OPEN).await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    client.instance("web", "tiny", false).await;
    client
        .post(&format!("{P}/images"), json!({"name": "empty"}))
        .await
        .expect_status(201);
    check(&client, SIGNED).await;
}

#[tokio::test]
async fn without_a_session_there_is_nothing() {
    let world = World::new();
    let server = world.start_idle().await;
    server.claimed().await;
    let mut client = server.client();
    for cookie in [
        None,
        Some("megh_session=".to_owned()),
        Some("megh_session=guess".to_owned()),
    ] {
        client.cookie = cookie;
        for path in [
            "system",
            "sessions",
            "projects/default/images",
            "projects/none/instances",
        ] {
            let answer = client.get(&format!("/api/v1/{path}")).await;
            answer
                .expect_status(401)
                .expect_problem("not_authenticated");
        }
    }
}

#[tokio::test]
async fn every_field_of_an_instance_is_checked() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    client
        .post(&format!("{P}/images"), json!({"name": "empty"}))
        .await
        .expect_status(201);
    client.instance("web", "tiny", false).await;
    let cases = [
        ("name", json!("Web"), 422, "invalid_field"),
        ("name", json!(""), 422, "invalid_field"),
        ("name", json!("web"), 409, "name_taken"),
        ("image", json!("none"), 422, "invalid_field"),
        ("image", json!("empty"), 409, "wrong_state"),
        ("vcpus", json!(0), 422, "invalid_field"),
        ("vcpus", json!(65), 422, "invalid_field"),
        ("vcpus", json!(-1), 422, "invalid_field"),
        ("memory", json!(1), 422, "invalid_field"),
        ("memory", json!((16 << 20) + 1), 422, "invalid_field"),
        ("memory", json!(2_u64 << 40), 422, "invalid_field"),
        ("disk", json!(0), 422, "invalid_field"),
        ("disk", json!(513), 422, "invalid_field"),
        ("disk", json!(17_u64 << 40), 422, "invalid_field"),
        ("disk", json!(2_u64 << 40), 507, "no_space"),
        ("firmware", json!("coreboot"), 422, "invalid_field"),
        ("start", json!("yes"), 422, "invalid_field"),
        ("colour", json!("red"), 422, "invalid_field"),
    ];
    for (field, value, status, code) in cases {
        let mut body = new_instance("new", "tiny", false);
        body[field] = value.clone();
        let answer = client.post(&format!("{P}/instances"), body).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{field} = {value}: {:#}",
            answer.body
        );
        let answer = answer.expect_problem(code);
        if status == 422 {
            assert_eq!(
                answer.body["errors"][0]["field"], field,
                "{:#}",
                answer.body
            );
        }
    }
    let several = json!({"name": "N", "image": "tiny", "vcpus": 0, "memory": 0});
    let answer = client
        .post(&format!("{P}/instances"), several)
        .await
        .expect_status(422);
    assert_eq!(
        answer.body["errors"].as_array().map(Vec::len),
        Some(3),
        "{:#}",
        answer.body
    );
}

#[tokio::test]
async fn bodies_and_keys_have_limits() {
    let world = World::new();
    let server = world.start_idle().await;
    let client = server.claimed().await;
    let long = json!({"name": "x".repeat(70_000)});
    let answer = client.post(&format!("{P}/images"), long).await;
    answer.expect_status(413).expect_problem("too_large");
    for key in ["", &"k".repeat(129)] {
        let request = client
            .request(Method::POST, &format!("{P}/images"))
            .header(CONTENT_TYPE, JSON)
            .header("idempotency-key", key);
        let answer = client.send(request, Body::from(r#"{"name":"x"}"#)).await;
        assert_eq!(
            answer
                .expect_problem("invalid_field")
                .text("/errors/0/field"),
            "Idempotency-Key"
        );
    }
}

#[tokio::test]
async fn an_answer_to_head_or_an_unknown_page_is_also_proper() {
    let world = World::new();
    let server = world.start_idle().await;
    let client = server.client();
    client
        .get("/no/page/without/web/files")
        .await
        .expect_status(404)
        .expect_problem("not_found");
    let head = client.request(Method::HEAD, "/api/v1/health");
    assert_eq!(client.send(head, Body::empty()).await.status, 200);
    let wrong = client
        .send(
            client.request(Method::POST, "/api/v1/health"),
            Body::empty(),
        )
        .await;
    let wrong = wrong
        .expect_status(405)
        .expect_problem("method_not_allowed");
    assert!(
        wrong.headers["allow"]
            .to_str()
            .expect("a text")
            .contains("GET")
    );
}
