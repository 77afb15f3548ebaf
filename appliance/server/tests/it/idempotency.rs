//! A repeated request is answered, not done again.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::support::client::{PROJECT, new_instance};
use crate::support::{Answer, Client, World, boot_sector};

async fn post(client: &Client, path: &str, key: &str, body: Value) -> Answer {
    let request = client
        .request(Method::POST, path)
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", key);
    client.send(request, Body::from(body.to_string())).await
}

#[tokio::test]
async fn the_same_key_brings_the_same_answer_also_after_a_restart() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let path = format!("{PROJECT}/instances");
    let first = post(&client, &path, "k1", new_instance("web", "tiny", false))
        .await
        .expect_status(202);
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = post(&client, &path, "k1", new_instance("web", "tiny", false))
        .await
        .expect_status(202);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(first.body, again.body);
    let other = post(&client, &path, "k1", new_instance("other", "tiny", false)).await;
    other
        .expect_status(409)
        .expect_problem("idempotency_mismatch");
    post(&client, &path, "k2", new_instance("web", "tiny", false))
        .await
        .expect_problem("name_taken");
    client.wait(&first).await;
    server.kill().await;

    let server = world.start().await;
    let client = server.logged_in().await;
    let again = post(&client, &path, "k1", new_instance("web", "tiny", false))
        .await
        .expect_status(202);
    assert_eq!(first.body, again.body);
    world.clock.advance(24 * 60 * 60 * 1000 + 1);
    let client = server.logged_in().await;
    let late = post(&client, &path, "k1", new_instance("web", "tiny", false)).await;
    late.expect_status(409).expect_problem("name_taken");
}
