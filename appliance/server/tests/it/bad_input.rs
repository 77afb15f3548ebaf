//! Every documented bad input, and the problem that it gets.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::client::new_instance;
use crate::support::{Client, World, boot_sector};

const P: &str = "/api/v1/projects/default";

/// One case a line: method, path, content type; status and code of the answer
/// and the field that `errors` names; the body.
const OPEN: &str = r#"
POST claim json => 400 bad_request <= {
POST claim json => 400 bad_request
POST claim json => 422 invalid_field body <= {"code":"x"} x
POST claim text => 415 unsupported_media_type <= {}
POST claim - => 415 unsupported_media_type <= {}
POST claim json => 422 invalid_field body <= []
POST claim json => 422 invalid_field code <= {"code":7}
POST claim json => 422 invalid_field extra <= {"code":"x","extra":1}
POST claim json => 422 invalid_field admin.x <= {"code":"x","admin":{"name":"admin","password":"long enough pw","x":1}}
POST claim json => 422 invalid_field admin.name <= {"code":"x","admin":{"name":"Admin","password":"long enough pw"}}
POST claim json => 422 invalid_field admin.password <= {"code":"x","admin":{"name":"admin","password":"short"}}
POST claim json => 403 wrong_claim_code <= {"code":"x","admin":{"name":"admin","password":"long enough pw"}}
PUT claim json => 405 method_not_allowed <= {}
GET system - => 403 not_claimed
"#;

const SIGNED: &str = r#"
GET nothing - => 404 not_found
GET projects/default - => 404 not_found
DELETE system - => 405 method_not_allowed
PATCH projects/default/images - => 405 method_not_allowed
POST claim json => 409 already_claimed <= {"code":"x","admin":{"name":"admin","password":"long enough pw"}}
POST sessions json => 401 wrong_credentials <= {"name":"admin","password":"wrong"}
POST sessions json => 422 invalid_field body <= {"name":"admin"}
GET sessions?limit=x - => 422 invalid_field query
GET sessions?what=1 - => 422 invalid_field query
GET sessions?limit=0 - => 422 invalid_field limit
DELETE sessions/none - => 404 not_found
GET projects/other/images - => 404 not_found
GET projects/default/images?limit=1001 - => 422 invalid_field limit
GET projects/default/images?after=%25 - => 422 invalid_field after
GET projects/default/images/none - => 404 not_found
DELETE projects/default/images/none - => 404 not_found
POST projects/other/images json => 404 not_found <= {"name":"x"}
POST projects/default/images json => 409 name_taken <= {"name":"tiny"}
POST projects/default/images json => 422 invalid_field name <= {"name":"-"}
POST projects/default/images json => 422 invalid_field name <= {"name":"../x"}
PUT projects/default/images/none/content bytes => 404 not_found <= x
PUT projects/default/images/tiny/content bytes => 409 wrong_state <= x
PUT projects/default/images/empty/content json => 415 unsupported_media_type <= x
PUT projects/default/images/empty/content bytes => 422 image_refused
POST projects/other/instances json => 404 not_found <= {"name":"x","image":"tiny","vcpus":1,"memory":67108864}
GET projects/default/instances?limit=-1 - => 422 invalid_field query
GET projects/default/instances/none - => 404 not_found
DELETE projects/default/instances/none - => 404 not_found
POST projects/default/instances/none/start - => 404 not_found
POST projects/default/instances/none/stop - => 404 not_found
POST projects/default/instances/none/console - => 404 not_found
POST projects/default/instances/web/stop json => 422 invalid_field force <= {"force":"yes"}
POST projects/default/instances/web/stop json => 422 invalid_field hard <= {"hard":true}
POST projects/default/instances/web/stop text => 415 unsupported_media_type <= now
POST projects/default/instances/web/console - => 409 wrong_state
GET projects/default/instances/web/console - => 422 invalid_field query
GET projects/default/instances/web/console?ticket=x - => 400 bad_request
GET projects/default/operations?subject=web - => 422 invalid_field query
GET projects/default/operations/none - => 404 not_found
GET projects/default/operations/00000000-0000-4000-8000-000000000000 - => 404 not_found
GET projects/other/operations - => 404 not_found
"#;

const JSON: &str = "application/json";

async fn check(client: &Client, cases: &str) {
    for case in cases.lines().filter(|line| !line.is_empty()) {
        let (line, body) = case.split_once(" <= ").unwrap_or((case, ""));
        let (request, expected) = line.split_once(" => ").expect("request and answer");
        let [method, path, kind] = request.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{case}")
        };
        let method: Method = method.parse().expect("a method");
        let mut request = client.request(method, &format!("/api/v1/{path}"));
        if let Some(kind) = content_type(kind) {
            request = request.header(CONTENT_TYPE, kind);
        }
        let answer = client.send(request, Body::from(body.to_owned())).await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        let field = answer.body["errors"][0]["field"]
            .as_str()
            .unwrap_or_default();
        let seen = format!("{} {code} {field}", answer.status.as_u16());
        assert_eq!(seen.trim_end(), expected, "{case}: {:#}", answer.body);
    }
}

fn content_type(word: &str) -> Option<&'static str> {
    match word {
        "json" => Some(JSON),
        "bytes" => Some("application/octet-stream"),
        "text" => Some("text/plain"),
        _ => None,
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
