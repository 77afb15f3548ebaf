//! Claim, login, sessions, and who is let in.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use serde_json::json;

use crate::support::client::{ADMIN, PASSWORD, PROJECT};
use crate::support::{Client, World};

#[tokio::test]
async fn nothing_but_health_claim_and_description_is_open_before_the_claim() {
    let world = World::new();
    let server = world.start_idle().await;
    let client = server.client();
    let health = client.get("/api/v1/health").await.expect_status(200);
    assert_eq!(health.body["claimed"], false);
    client.get("/api/v1/openapi.json").await.expect_status(200);
    for path in [
        "/api/v1/system",
        "/api/v1/sessions",
        "/api/v1/projects/default/images",
        "/api/v1/nothing",
    ] {
        client
            .get(path)
            .await
            .expect_status(403)
            .expect_problem("not_claimed");
    }
    client
        .clone()
        .login()
        .await
        .expect_status(403)
        .expect_problem("not_claimed");
}

#[tokio::test]
async fn the_code_on_the_screen_claims_once() {
    let world = World::new();
    let server = world.start_idle().await;
    let code = server.screen().claim_code.expect("a code");
    let mut owner = server.client();
    let typed = code.to_lowercase().replace('-', " ");
    let answer = owner.claim(&typed).await.expect_status(201);
    assert_eq!(answer.text("/user/name"), ADMIN);
    let cookie = answer.headers[SET_COOKIE].to_str().expect("a text");
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=86400",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(server.screen().claim_code, None);
    let system = owner.get("/api/v1/system").await.expect_status(200);
    assert_eq!(
        (system.text("/version"), system.text("/slot")),
        ("1.2.3".into(), "a".into())
    );
    server
        .client()
        .claim(&code)
        .await
        .expect_status(409)
        .expect_problem("already_claimed");

    server.kill().await;
    let server = world.start_idle().await;
    assert_eq!(server.screen().claim_code, None);
    assert_eq!(
        server.client().get("/api/v1/health").await.body["claimed"],
        true
    );
    owner = server.client();
    owner.claim(&code).await.expect_problem("already_claimed");
    owner.login().await.expect_status(201);
}

#[tokio::test]
async fn wrong_codes_bring_a_new_one_and_then_patience_is_needed() {
    let world = World::new();
    let server = world.start_idle().await;
    let first = server.screen().claim_code.expect("a code");
    let mut client = server.client();
    for _ in 0..5 {
        client
            .claim("00000-00000")
            .await
            .expect_status(403)
            .expect_problem("wrong_claim_code");
    }
    let second = server.screen().claim_code.expect("a code");
    assert_ne!(first, second);
    for _ in 0..5 {
        client
            .claim(&first)
            .await
            .expect_problem("wrong_claim_code");
    }
    let third = server.screen().claim_code.expect("a code");
    client
        .claim(&third)
        .await
        .expect_status(429)
        .expect_problem("too_many_attempts");
    world.clock.advance(60_000);
    client.claim(&third).await.expect_status(201);
}

#[tokio::test]
async fn of_two_claims_at_once_one_wins() {
    let world = World::new();
    let server = world.start_idle().await;
    let code = server.screen().claim_code.expect("a code");
    let (mut one, mut other) = (server.client(), server.client());
    let (one, other) = tokio::join!(one.claim(&code), other.claim(&code));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn sessions_end_at_once_when_revoked_and_by_themselves_after_a_day() {
    let world = World::new();
    let server = world.start_idle().await;
    let first = server.claimed().await;
    let second = server.logged_in().await;
    let sessions = first.get("/api/v1/sessions").await.expect_status(200).body;
    let items = sessions["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2);
    let other = items
        .iter()
        .find(|session| session["current"] == false)
        .expect("the other one");
    let other = format!("/api/v1/sessions/{}", other["id"].as_str().expect("an id"));

    first.delete(&other).await.expect_status(204);
    second
        .get("/api/v1/system")
        .await
        .expect_status(401)
        .expect_problem("not_authenticated");
    first
        .delete(&other)
        .await
        .expect_status(404)
        .expect_problem("not_found");

    first
        .delete("/api/v1/sessions/current")
        .await
        .expect_status(204);
    first.get("/api/v1/system").await.expect_status(401);

    let third = server.logged_in().await;
    world.clock.advance(24 * 60 * 60 * 1000 - 1);
    third.get("/api/v1/system").await.expect_status(200);
    world.clock.advance(1);
    third.get("/api/v1/system").await.expect_status(401);
}

#[tokio::test]
async fn no_secret_is_in_the_store() {
    let world = World::new();
    let server = world.start_idle().await;
    let client = server.claimed().await;
    let secret = client
        .cookie
        .expect("a cookie")
        .split_once('=')
        .expect("name and value")
        .1
        .to_owned();
    server.kill().await;
    let mut files = 0;
    for entry in std::fs::read_dir(world.home.path().join("control")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        files += 1;
        for secret in [secret.as_str(), PASSWORD] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {}", path.display());
        }
    }
    assert!(files > 0);
}

#[tokio::test]
async fn logins_are_refused_alike_and_not_endlessly() {
    let world = World::new();
    let server = world.start_idle().await;
    server.claimed().await;
    let client = server.client();
    let mut details = Vec::new();
    for (name, password) in [
        (ADMIN, "wrong horse battery"),
        ("nobody", PASSWORD),
        (ADMIN, ""),
    ] {
        let answer = client
            .post(
                "/api/v1/sessions",
                json!({"name": name, "password": password}),
            )
            .await;
        details.push(
            answer
                .expect_status(401)
                .expect_problem("wrong_credentials")
                .text("/detail"),
        );
    }
    details.dedup();
    assert_eq!(details.len(), 1);
    let wrong = json!({"name": ADMIN, "password": "wrong"});
    for _ in 0..7 {
        client
            .post("/api/v1/sessions", wrong.clone())
            .await
            .expect_status(401);
    }
    let answer = client.post("/api/v1/sessions", wrong).await;
    let answer = answer
        .expect_status(429)
        .expect_problem("too_many_attempts");
    assert_eq!(answer.headers["retry-after"], "6");
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let world = World::new();
    let server = world.start_idle().await;
    let client = server.claimed().await;
    let send = async |client: &Client, method: Method, path: &str, header: (&str, &str)| {
        let request = client
            .request(method, path)
            .header(CONTENT_TYPE, "application/json")
            .header("host", "megh.lan")
            .header(header.0, header.1);
        client.send(request, Body::from(r#"{"name":"x"}"#)).await
    };
    let images = format!("{PROJECT}/images");
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let answer = send(&client, Method::POST, &images, header).await;
        answer.expect_status(403).expect_problem("cross_site");
        send(&client, Method::GET, &images, header)
            .await
            .expect_status(200);
    }
    send(
        &client,
        Method::POST,
        &images,
        ("origin", "https://megh.lan"),
    )
    .await
    .expect_status(201);
}
