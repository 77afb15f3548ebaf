//! Images: announced, filled, used, removed.

use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use megh_hypervisor::fake::Moment as HypervisorMoment;
use megh_storage::Pool;
use megh_storage::fake::{Call, Moment};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::client::{PROJECT, new_instance};
use crate::support::world::{MAX_IMAGE, POOL};
use crate::support::{World, boot_sector};

#[tokio::test]
async fn an_image_is_received_recognised_and_imported() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    let content = boot_sector();
    let image = client.image("tiny", content.clone()).await;
    assert_eq!(image["state"], "ready");
    assert_eq!(image["format"], "raw");
    assert_eq!(image["size"], 512);
    assert_eq!(image["virtual_size"], 512);
    assert_eq!(image["sha256"], hex::encode(Sha256::digest(&content)));
    assert_eq!(world.pool.images().expect("a list").len(), 1);
    assert_eq!(
        world.upload_files(),
        0,
        "the upload has been moved into the pool"
    );

    let again = client
        .put(&format!("{PROJECT}/images/tiny/content"), content)
        .await;
    again.expect_status(409).expect_problem("wrong_state");
    let accepted = client
        .delete(&format!("{PROJECT}/images/tiny"))
        .await
        .expect_status(202);
    assert_eq!(accepted.text("/resource/state"), "deleting");
    client.wait(&accepted).await;
    client
        .get(&format!("{PROJECT}/images/tiny"))
        .await
        .expect_status(404);
    assert!(world.pool.images().expect("a list").is_empty());
}

#[tokio::test]
async fn what_is_no_disk_image_is_refused_and_better_content_is_taken() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client
        .post(&format!("{PROJECT}/images"), json!({"name": "tiny"}))
        .await
        .expect_status(201);
    let content = format!("{PROJECT}/images/tiny/content");
    for refused in [Vec::new(), b"short of a sector".to_vec()] {
        client
            .put(&content, refused)
            .await
            .expect_status(422)
            .expect_problem("image_refused");
        let image = client.get(&format!("{PROJECT}/images/tiny")).await.body;
        assert_eq!(image["state"], "failed");
        assert!(image["error"].is_string());
        assert_eq!(world.upload_files(), 0);
    }
    let accepted = client.put(&content, boot_sector()).await.expect_status(202);
    assert_eq!(client.wait(&accepted).await["status"], "succeeded");
    let image = client.get(&format!("{PROJECT}/images/tiny")).await.body;
    assert_eq!(
        (&image["state"], &image["error"]),
        (&json!("ready"), &json!(null))
    );
}

#[tokio::test]
async fn content_that_is_too_large_or_ends_early_leaves_nothing() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client
        .post(&format!("{PROJECT}/images"), json!({"name": "big"}))
        .await
        .expect_status(201);
    let path = format!("{PROJECT}/images/big/content");
    let request = |length: Option<u64>| {
        let request = client
            .request(Method::PUT, &path)
            .header(CONTENT_TYPE, "application/octet-stream");
        match length {
            Some(length) => request.header(CONTENT_LENGTH, length),
            None => request,
        }
    };
    let announced = client
        .send(request(Some(MAX_IMAGE + 1)), Body::empty())
        .await;
    announced.expect_status(413).expect_problem("too_large");
    let announced = client.send(request(Some(POOL + 1)), Body::empty()).await;
    announced.expect_status(413).expect_problem("too_large");
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![1; 1 << 18]));
    let endless = futures_util::stream::iter((0..5).map(move |_| chunk()));
    let streamed = client.send(request(None), Body::from_stream(endless)).await;
    streamed.expect_status(413).expect_problem("too_large");
    let broken =
        futures_util::stream::iter([chunk(), Err(std::io::ErrorKind::ConnectionReset.into())]);
    let broken = client.send(request(None), Body::from_stream(broken)).await;
    broken.expect_status(400).expect_problem("bad_request");
    assert_eq!(world.upload_files(), 0);
    let image = client.get(&format!("{PROJECT}/images/big")).await.body;
    assert_eq!(image["state"], "awaiting_content");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_and_meanwhile_nobody_interferes() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client
        .post(&format!("{PROJECT}/images"), json!({"name": "slow"}))
        .await
        .expect_status(201);
    let path = format!("{PROJECT}/images/slow/content");
    let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"begin"))]);
    let body = futures_util::StreamExt::chain(first, futures_util::stream::pending());
    let upload = tokio::spawn({
        let (client, path) = (client.clone(), path.clone());
        async move { client.put(&path, Body::from_stream(body)).await }
    });
    while world.upload_files() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    client
        .put(&path, boot_sector())
        .await
        .expect_status(409)
        .expect_problem("wrong_state");
    client
        .delete(&format!("{PROJECT}/images/slow"))
        .await
        .expect_status(409)
        .expect_problem("wrong_state");
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    assert_eq!(world.upload_files(), 1, "an upload under way is left alone");
    upload.abort();
    upload.await.expect_err("the client is gone");
    assert_eq!(world.upload_files(), 0);
    let accepted = client.put(&path, boot_sector()).await.expect_status(202);
    assert_eq!(client.wait(&accepted).await["status"], "succeeded");
}

#[tokio::test]
async fn an_import_that_fails_is_taken_back_and_told() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client
        .post(&format!("{PROJECT}/images"), json!({"name": "tiny"}))
        .await
        .expect_status(201);
    // For as often as the daemon tries.
    for nth in 1..=3 {
        world.pool.fail(Call::Import, nth, Moment::Halfway);
    }
    let path = format!("{PROJECT}/images/tiny/content");
    let accepted = client.put(&path, boot_sector()).await.expect_status(202);
    let operation = client.wait(&accepted).await;
    assert_eq!(operation["status"], "failed");
    assert_eq!(operation["steps"][1]["status"], "failed");
    assert!(world.pool.images().expect("a list").is_empty());
    let image = client.get(&format!("{PROJECT}/images/tiny")).await.body;
    assert_eq!(
        (&image["state"], &image["error"]),
        (&json!("failed"), &operation["error"])
    );
    let accepted = client.put(&path, boot_sector()).await.expect_status(202);
    assert_eq!(client.wait(&accepted).await["status"], "succeeded");
}

#[tokio::test]
async fn an_image_in_use_stays_until_the_instance_is_made() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    // The hypervisor is away for as long as the daemon tries.
    for nth in 1..=2 {
        world.hypervisor.fail(
            megh_hypervisor::fake::Call::Define,
            nth,
            HypervisorMoment::Before,
        );
    }
    let accepted = client
        .post(
            &format!("{PROJECT}/instances"),
            new_instance("web", "tiny", false),
        )
        .await;
    let accepted = accepted.expect_status(202);
    let deleted = client.delete(&format!("{PROJECT}/images/tiny")).await;
    let operation = client.wait(&accepted).await;
    assert_eq!(operation["status"], "succeeded", "{operation:#}");
    if deleted.status == 409 {
        deleted.expect_problem("image_in_use");
        let deleted = client
            .delete(&format!("{PROJECT}/images/tiny"))
            .await
            .expect_status(202);
        client.wait(&deleted).await;
    }
    let instance = client.get(&format!("{PROJECT}/instances/web")).await.body;
    assert_eq!(
        (&instance["image"], &instance["status"]),
        (&json!(null), &json!("stopped"))
    );
}
