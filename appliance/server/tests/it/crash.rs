//! The daemon is killed at every call to an engine, before and after it, in
//! every kind of operation. The next daemon on the same disk and engines
//! finishes or repairs: the API tells the truth, a retry succeeds, and the
//! engines have nothing that the API does not know.

use std::collections::BTreeSet;
use std::time::Duration;

use megh_hypervisor::{DomainState, Hypervisor};
use megh_storage::Pool;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::client::{PROJECT, new_instance};
use crate::support::engines::When;
use crate::support::{Client, World, boot_sector};

#[derive(Debug, Clone, Copy)]
enum Work {
    Upload,
    DeleteImage,
    Create,
    Start,
    Stop,
    Delete,
}

/// More calls than any operation makes.
const MOST_CALLS: u32 = 12;

fn kill_at_every_call(work: Work) {
    let mut points = 0;
    for when in [When::Before, When::After] {
        for nth in 1..=MOST_CALLS {
            if !killed_at(work, nth, when) {
                assert!(nth > 1, "{work:?} makes no call that could be frozen");
                break;
            }
            points += 1;
        }
    }
    println!("{work:?}: killed at {points} points");
}

/// Kills a daemon in the `nth` call; false when the work ended without it.
fn killed_at(work: Work, nth: u32, when: When) -> bool {
    let world = World::new();
    let runtime = Runtime::new().expect("a runtime");
    let frozen = runtime.block_on(async {
        let server = world.start().await;
        let client = server.claimed().await;
        prepare(&client, work).await;
        world.freezer.plan(nth, when);
        let asked = tokio::spawn({
            let client = client.clone();
            async move { ask(&client, work).await }
        });
        let frozen = wait_for_end(&world, &client, work, asked).await;
        server.kill_hard().await;
        frozen
    });
    // Its tasks and the frozen thread stay behind: ending them would run what
    // they run when they are dropped, which a killed process does not.
    std::mem::forget(runtime);
    world.freezer.clear();
    if let Some(call) = &frozen {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(check_afterwards(
            &world,
            work,
            &format!("{work:?} killed {call}"),
        ));
    }
    frozen.is_some()
}

async fn prepare(client: &Client, work: Work) {
    match work {
        Work::Upload => {
            client
                .post(&format!("{PROJECT}/images"), json!({"name": "tiny"}))
                .await
                .expect_status(201);
        }
        Work::DeleteImage | Work::Create => {
            client.image("tiny", boot_sector()).await;
        }
        Work::Start | Work::Stop | Work::Delete => {
            client.image("tiny", boot_sector()).await;
            client
                .instance("web", "tiny", !matches!(work, Work::Start))
                .await;
        }
    }
}

async fn ask(client: &Client, work: Work) {
    let web = format!("{PROJECT}/instances/web");
    match work {
        Work::Upload => {
            client
                .put(&format!("{PROJECT}/images/tiny/content"), boot_sector())
                .await
        }
        Work::DeleteImage => client.delete(&format!("{PROJECT}/images/tiny")).await,
        Work::Create => {
            client
                .post(
                    &format!("{PROJECT}/instances"),
                    new_instance("web", "tiny", true),
                )
                .await
        }
        Work::Start => client.post(&format!("{web}/start"), json!({})).await,
        Work::Stop => {
            client
                .post(&format!("{web}/stop"), json!({"force": true}))
                .await
        }
        Work::Delete => client.delete(&web).await,
    }
    .expect_status(202);
}

/// Waits until the call is frozen or the work has ended.
async fn wait_for_end(
    world: &World,
    client: &Client,
    work: Work,
    asked: tokio::task::JoinHandle<()>,
) -> Option<String> {
    for _ in 0..4000 {
        if let Some(call) = world.freezer.frozen() {
            return Some(call);
        }
        if asked.is_finished() && !is_busy(client).await {
            return world.freezer.frozen();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("{work:?} neither freezes nor ends");
}

async fn is_busy(client: &Client) -> bool {
    let operations = client
        .get(&format!("{PROJECT}/operations?limit=1"))
        .await
        .body;
    operations["items"][0]["status"] == "running"
}

async fn check_afterwards(world: &World, work: Work, what: &str) {
    let server = world.start().await;
    let client = server.logged_in().await;
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    let mut tries = 0;
    while is_busy(&client).await {
        tries += 1;
        assert!(tries < 2000, "{what}: an operation does not end");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    check_truth(world, &client, what).await;
    retry(&client, work, what).await;
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    check_truth(world, &client, what).await;
    server.kill().await;
}

async fn items(client: &Client, kind: &str) -> Vec<Value> {
    let page = client
        .get(&format!("{PROJECT}/{kind}"))
        .await
        .expect_status(200)
        .body;
    page["items"].as_array().expect("a list").clone()
}

/// What the API says is what the engines have, both ways.
async fn check_truth(world: &World, client: &Client, what: &str) {
    let (images, instances) = (
        items(client, "images").await,
        items(client, "instances").await,
    );
    let ids = |items: &[Value]| -> BTreeSet<String> {
        items
            .iter()
            .map(|item| item["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let ready: Vec<_> = images
        .iter()
        .filter(|image| image["state"] == "ready")
        .cloned()
        .collect();
    let in_pool: BTreeSet<_> = world
        .pool
        .images()
        .expect("a list")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        in_pool,
        ids(&ready),
        "{what}: images in the pool and in the API"
    );
    let volumes: BTreeSet<_> = world
        .pool
        .volumes()
        .expect("a list")
        .iter()
        .map(ToString::to_string)
        .collect();
    let made: Vec<_> = instances
        .iter()
        .filter(|instance| instance["status"] != "failed")
        .cloned()
        .collect();
    assert_eq!(
        volumes,
        ids(&made),
        "{what}: volumes in the pool and instances in the API"
    );
    assert_eq!(world.upload_files(), 0, "{what}: an upload is left over");
    let domains = world.hypervisor.list().expect("a list");
    let defined: BTreeSet<_> = domains.iter().map(|domain| domain.id.to_string()).collect();
    assert_eq!(
        defined,
        ids(&made),
        "{what}: machines in the hypervisor and instances in the API"
    );
    for instance in &made {
        let domain = domains
            .iter()
            .find(|domain| instance["id"] == domain.id.to_string())
            .expect("compared above");
        let runs = domain.state == DomainState::Running;
        let status = if runs { "running" } else { "stopped" };
        assert_eq!(
            (&instance["status"], &instance["desired"]),
            (&json!(status), &json!(status)),
            "{what}"
        );
    }
}

/// What was asked for is so, or can be had by asking again.
async fn retry(client: &Client, work: Work, what: &str) {
    let (image, web) = (
        format!("{PROJECT}/images/tiny"),
        format!("{PROJECT}/instances/web"),
    );
    let accepted = match work {
        Work::Upload => {
            let state = client.get(&image).await.body["state"].clone();
            match state.as_str() {
                Some("ready") => return,
                Some("awaiting_content" | "failed") => {
                    client.put(&format!("{image}/content"), boot_sector()).await
                }
                other => panic!("{what}: the image is {other:?}"),
            }
        }
        Work::DeleteImage => match client.get(&image).await.status.as_u16() {
            404 => return,
            _ => client.delete(&image).await,
        },
        Work::Create => match client.get(&web).await.status.as_u16() {
            404 => {
                client
                    .post(
                        &format!("{PROJECT}/instances"),
                        new_instance("web", "tiny", true),
                    )
                    .await
            }
            _ => client.post(&format!("{web}/start"), json!({})).await,
        },
        Work::Start => client.post(&format!("{web}/start"), json!({})).await,
        Work::Stop => {
            client
                .post(&format!("{web}/stop"), json!({"force": true}))
                .await
        }
        Work::Delete => match client.get(&web).await.status.as_u16() {
            404 => return,
            _ => client.delete(&web).await,
        },
    };
    let operation = client.wait(&accepted.expect_status(202)).await;
    assert_eq!(operation["status"], "succeeded", "{what}: {operation:#}");
}

#[test]
fn killed_during_an_upload() {
    kill_at_every_call(Work::Upload);
}

#[test]
fn killed_while_an_image_is_deleted() {
    kill_at_every_call(Work::DeleteImage);
}

#[test]
fn killed_while_an_instance_is_created() {
    kill_at_every_call(Work::Create);
}

#[test]
fn killed_while_an_instance_is_started() {
    kill_at_every_call(Work::Start);
}

#[test]
fn killed_while_an_instance_is_stopped() {
    kill_at_every_call(Work::Stop);
}

#[test]
fn killed_while_an_instance_is_deleted() {
    kill_at_every_call(Work::Delete);
}
