//! Instances: made, started, stopped, removed.

use megh_hypervisor::fake::{Call, Moment};
use megh_hypervisor::{DomainState, Hypervisor};
use megh_storage::Pool;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::{PROJECT, new_instance};
use crate::support::{Client, World, boot_sector};

fn path(name: &str, action: &str) -> String {
    format!("{PROJECT}/instances/{name}{action}")
}

fn id(instance: &Value) -> Uuid {
    instance["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID")
}

async fn operation(client: &Client, path: &str, body: Value) -> Value {
    let accepted = client.post(path, body).await.expect_status(202);
    client.wait(&accepted).await
}

#[tokio::test]
async fn an_instance_lives_from_create_to_delete() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    let image = client.image("tiny", boot_sector()).await;
    let accepted = client
        .post(
            &path("", "")[..path("", "").len() - 1],
            new_instance("web", "tiny", true),
        )
        .await;
    let accepted = accepted.expect_status(202);
    assert_eq!(accepted.text("/resource/status"), "creating");
    let made = client.wait(&accepted).await;
    let names: Vec<_> = made["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["name"].clone())
        .collect();
    assert_eq!(names, ["create disk", "define", "start"]);
    assert_eq!(
        (&made["status"], &made["percent"]),
        (&json!("succeeded"), &json!(100))
    );

    let instance = client.get(&path("web", "")).await.expect_status(200).body;
    assert_eq!(
        (&instance["status"], &instance["desired"]),
        (&json!("running"), &json!("running"))
    );
    assert_eq!(
        (&instance["image"], &instance["disk"]),
        (&image["id"], &json!(512))
    );
    let definition = world
        .hypervisor
        .definition(id(&instance))
        .expect("a definition");
    assert_eq!((definition.vcpus, definition.memory), (1, 64 << 20));

    let same = client
        .get(&path(instance["id"].as_str().expect("an id"), ""))
        .await
        .body;
    assert_eq!(same, instance);
    let again = operation(&client, &path("web", "/start"), json!({})).await;
    assert_eq!(
        (&again["status"], &again["steps"]),
        (&json!("succeeded"), &json!([])),
        "it runs already"
    );

    assert_eq!(
        operation(&client, &path("web", "/stop"), json!({})).await["status"],
        "succeeded"
    );
    assert_eq!(client.get(&path("web", "")).await.body["status"], "stopped");
    assert_eq!(
        operation(&client, &path("web", "/start"), json!({})).await["status"],
        "succeeded"
    );
    let accepted = client.delete(&path("web", "")).await.expect_status(202);
    assert_eq!(accepted.text("/resource/status"), "deleting");
    assert_eq!(client.wait(&accepted).await["status"], "succeeded");
    client.get(&path("web", "")).await.expect_status(404);
    assert!(world.hypervisor.list().expect("a list").is_empty());
    assert!(world.pool.volumes().expect("a list").is_empty());
    let operations = client
        .get(&format!("{PROJECT}/operations?subject={}", id(&instance)))
        .await
        .body;
    let kinds: Vec<_> = operations["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["kind"].clone())
        .collect();
    let expected = [
        "instance_delete",
        "instance_start",
        "instance_stop",
        "instance_start",
        "instance_create",
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn a_failed_creation_leaves_nothing_outside_and_can_be_repaired() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    for nth in 1..=3 {
        world.hypervisor.fail(Call::Define, nth, Moment::Before);
    }
    let failed = operation(
        &client,
        &path("", "").replace("instances/", "instances"),
        new_instance("web", "tiny", true),
    )
    .await;
    assert_eq!(failed["status"], "failed");
    let steps: Vec<_> = failed["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["status"].clone())
        .collect();
    assert_eq!(steps, ["succeeded", "failed", "pending"]);
    assert!(world.hypervisor.list().expect("a list").is_empty());
    assert!(world.pool.volumes().expect("a list").is_empty());
    let instance = client.get(&path("web", "")).await.body;
    assert_eq!(
        (&instance["status"], &instance["error"]),
        (&json!("failed"), &failed["error"])
    );
    assert_eq!(
        operation(&client, &path("web", "/stop"), json!({})).await["status"],
        "succeeded"
    );
    assert_eq!(
        operation(&client, &path("web", "/start"), json!({})).await["status"],
        "succeeded"
    );
    assert_eq!(client.get(&path("web", "")).await.body["status"], "running");
}

#[tokio::test]
async fn a_start_that_fails_leaves_the_instance_off() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let instance = client.instance("web", "tiny", false).await;
    for nth in 1..=3 {
        world.hypervisor.fail(Call::Start, nth, Moment::Before);
    }
    assert_eq!(
        operation(&client, &path("web", "/start"), json!({})).await["status"],
        "failed"
    );
    let now = client.get(&path("web", "")).await.body;
    assert_eq!(
        (&now["status"], &now["desired"]),
        (&json!("failed"), &json!("stopped"))
    );
    assert_eq!(
        world.hypervisor.state(id(&instance)).expect("a state"),
        Some(DomainState::Stopped)
    );
    assert_eq!(
        operation(&client, &path("web", "/start"), json!({})).await["status"],
        "succeeded"
    );
    assert_eq!(
        client.get(&path("web", "")).await.body["error"],
        json!(null)
    );
}

#[tokio::test]
async fn a_deaf_guest_keeps_running_until_its_power_is_cut() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    client.instance("web", "tiny", true).await;
    world.hypervisor.set_guests_deaf(true);

    let failed = operation(&client, &path("web", "/stop"), json!({})).await;
    assert_eq!(failed["status"], "failed");
    let now = client.get(&path("web", "")).await.body;
    assert_eq!(
        (&now["status"], &now["desired"]),
        (&json!("running"), &json!("running"))
    );
    assert!(
        now["error"]
            .as_str()
            .is_some_and(|error| error.contains("force")),
        "{now:#}"
    );

    let asked = client
        .post(&path("web", "/stop"), json!({}))
        .await
        .expect_status(202);
    assert_eq!(asked.text("/resource/status"), "stopping");
    client
        .post(&path("web", "/start"), json!({}))
        .await
        .expect_status(409)
        .expect_problem("wrong_state");
    let same = client
        .post(&path("web", "/stop"), json!({}))
        .await
        .expect_status(202);
    assert_eq!(same.text("/operation/id"), asked.text("/operation/id"));
    let forced = operation(&client, &path("web", "/stop"), json!({"force": true})).await;
    assert_eq!(forced["status"], "succeeded");
    let overtaken = client.wait(&asked).await;
    assert_eq!(overtaken["status"], "failed");
    assert!(
        overtaken["error"]
            .as_str()
            .is_some_and(|error| error.contains("overtaken")),
        "{overtaken:#}"
    );
    assert_eq!(client.get(&path("web", "")).await.body["status"], "stopped");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        client.instance(name, "tiny", false).await;
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = client
            .get(&format!("{PROJECT}/instances?limit=2{after}"))
            .await
            .expect_status(200)
            .body;
        let items = page["items"].as_array().expect("a list").clone();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().expect("a name").to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(seen, names);
    let operations = client
        .get(&format!("{PROJECT}/operations?limit=4"))
        .await
        .body;
    assert_eq!(operations["items"].as_array().expect("a list").len(), 4);
    assert!(operations["next"].is_string());
}
