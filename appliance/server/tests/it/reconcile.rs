//! What is comes into line with what should be.

use megh_hypervisor::{DomainState, Hypervisor};
use megh_storage::Pool;
use megh_storage::fake::{Call, Moment};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::PROJECT;
use crate::support::{Client, Server, World, boot_sector};

async fn show(client: &Client) -> Value {
    client
        .get(&format!("{PROJECT}/instances/web"))
        .await
        .expect_status(200)
        .body
}

fn id(instance: &Value) -> Uuid {
    instance["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID")
}

async fn reconcile(server: &Server) {
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
}

/// Waits until no operation is under way.
async fn settle(client: &Client) {
    loop {
        let newest = client
            .get(&format!("{PROJECT}/operations?limit=1"))
            .await
            .body["items"][0]
            .clone();
        if newest["status"] != "running" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_guest_that_shuts_itself_down_stays_off() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", true).await;
    reconcile(&server).await;
    assert_eq!(show(&client).await["status"], "running");
    world.hypervisor.guest_ends(id(&web), DomainState::Stopped);
    reconcile(&server).await;
    let now = show(&client).await;
    assert_eq!(
        (&now["status"], &now["desired"]),
        (&json!("stopped"), &json!("stopped"))
    );
}

#[tokio::test]
async fn a_guest_that_crashed_says_so() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", true).await;
    world.hypervisor.guest_ends(id(&web), DomainState::Crashed);
    reconcile(&server).await;
    let now = show(&client).await;
    assert_eq!(
        (&now["status"], &now["error"]),
        (&json!("failed"), &json!("the guest crashed"))
    );
}

/// The instance `web` ran until the host went down; no daemon runs yet.
async fn after_the_host_went_down() -> (World, Value) {
    let mut world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", true).await;
    server.kill().await;
    world.hypervisor.guest_ends(id(&web), DomainState::Stopped);
    world.host_boot = "second boot".to_owned();
    (world, web)
}

#[tokio::test]
async fn guests_run_again_after_the_host_went_down() {
    let (world, web) = after_the_host_went_down().await;
    let server = world.start().await;
    let client = server.logged_in().await;
    reconcile(&server).await;
    settle(&client).await;
    assert_eq!(show(&client).await["status"], "running");
    assert_eq!(
        world.hypervisor.state(id(&web)).expect("a state"),
        Some(DomainState::Running)
    );
}

#[tokio::test]
async fn guests_wait_for_a_pool_that_comes_late() {
    let (world, _) = after_the_host_went_down().await;
    for nth in 1..=2 {
        world.pool.fail(Call::Capacity, nth, Moment::Before);
    }
    let server = world.start().await;
    let client = server.logged_in().await;
    let refused = meghd::reconcile::once(&server.app).await;
    assert!(refused.is_err(), "a pool that does not work is told");
    let now = show(&client).await;
    assert_eq!(
        (&now["desired"], &now["error"]),
        (&json!("running"), &Value::Null)
    );

    reconcile(&server).await;
    settle(&client).await;
    assert_eq!(show(&client).await["status"], "running");
}

#[tokio::test]
async fn a_lost_definition_is_made_again() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", false).await;
    world.hypervisor.undefine(id(&web)).expect("undefined");
    reconcile(&server).await;
    assert!(world.hypervisor.definition(id(&web)).is_some());
    assert_eq!(show(&client).await["status"], "stopped");

    world.hypervisor.undefine(id(&web)).expect("undefined");
    world.pool.delete_volume(id(&web)).expect("deleted");
    reconcile(&server).await;
    assert_eq!(show(&client).await["status"], "failed");
}

#[tokio::test]
async fn what_nobody_knows_is_removed_if_it_is_ours() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    let image = client.image("tiny", boot_sector()).await;
    let image: Uuid = image["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID");
    let web = client.instance("web", "tiny", true).await;
    let [foreign, lost] = [Uuid::from_u128(7), Uuid::from_u128(8)];
    world.hypervisor.add_foreign(foreign);
    let definition = world.hypervisor.definition(id(&web)).expect("a definition");
    world
        .hypervisor
        .define(&megh_hypervisor::DomainSpec {
            id: lost,
            ..definition
        })
        .expect("defined");
    world.pool.create_volume(lost, image, 512).expect("made");
    std::fs::write(world.pool.upload_path(lost), "left over").expect("written");
    let log = world.home.path().join(format!("serial/{lost}.log"));
    std::fs::write(&log, "left over").expect("written");

    reconcile(&server).await;
    let left: Vec<_> = world
        .hypervisor
        .list()
        .expect("a list")
        .iter()
        .map(|domain| domain.id)
        .collect();
    assert!(
        left.contains(&foreign) && left.contains(&id(&web)) && !left.contains(&lost),
        "{left:?}"
    );
    assert_eq!(world.pool.volumes().expect("a list"), [id(&web)]);
    assert_eq!(world.pool.images().expect("a list"), [image]);
    assert_eq!(world.upload_files(), 0);
    assert!(!log.exists());
    assert_eq!(show(&client).await["status"], "running");
}

#[tokio::test]
async fn an_image_whose_content_is_gone_says_so() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    let image = client.image("tiny", boot_sector()).await;
    let id: Uuid = image["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID");
    world.pool.delete_image(id).expect("deleted");
    reconcile(&server).await;
    let now = client.get(&format!("{PROJECT}/images/tiny")).await.body;
    assert_eq!(now["state"], "failed");
}

#[tokio::test]
async fn health_is_degraded_while_an_engine_does_not_answer() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    let verdict = async || client.get("/api/v1/health").await.body["status"].clone();
    assert_eq!(
        verdict().await,
        "degraded",
        "nothing has been looked at yet"
    );
    let reconciler = tokio::spawn(meghd::reconcile::run(server.app.clone()));
    let mut tries = 0;
    while verdict().await != "healthy" {
        tries += 1;
        assert!(tries < 1000, "it never becomes healthy");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    reconciler.abort();
    world.hypervisor.fail(
        megh_hypervisor::fake::Call::List,
        1,
        megh_hypervisor::fake::Moment::Before,
    );
    meghd::reconcile::once(&server.app)
        .await
        .expect_err("the hypervisor is away");
    assert_eq!(verdict().await, "degraded");
}
