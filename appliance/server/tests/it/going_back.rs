//! Another version of the daemon ran before.

use megh_hypervisor::DomainState;
use megh_hypervisor::fake::{Call, Moment};
use megh_model::update::{DATA_NOTE_FILE, DataNote};
use megh_store::{Migration, Migrations, Release, Store, StoreOptions};
use meghd::going_back::{take_over, tell_data};

use crate::support::client::PROJECT;
use crate::support::{World, boot_sector};

fn release(version: &str) -> Release {
    Release {
        version: version.to_owned(),
        now_ms: 1_800_000_000_000,
    }
}

/// The released migrations and one that older daemons cannot live with.
fn newer() -> Migrations {
    let first = include_str!("../../migrations/0001_first.sql");
    let second = "ALTER TABLE images RENAME TO pictures";
    Migrations::new(vec![
        Migration::new(1, "first", first),
        Migration::contracting(2, "pictures", second, 2),
    ])
    .expect("in order")
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_cannot_be_read_is_put_back_with_an_explicit_word() {
    let world = World::new();
    let control = world.home.path().join("control");
    let update = world.home.path().join("update");
    let open = async |migrations, version: &str| {
        Store::open_release(
            &control,
            migrations,
            StoreOptions::default(),
            &release(version),
        )
        .await
    };
    let released = || meghd::migrations().expect("in order");
    let store = open(released(), "1.0.0").await.expect("opens");
    store.close().await.expect("closed");
    let server = world.start().await;
    server.claimed().await;
    server.kill().await;

    let store = open(newer(), "1.1.0").await.expect("opens");
    tell_data(&store, &update, "1.1.0").await;
    assert!(!update.join(DATA_NOTE_FILE).exists(), "nothing to say");
    store.close().await.expect("closed");

    let store = open(released(), "1.0.0").await.expect("opens");
    tell_data(&store, &update, "1.0.0").await;
    let text = std::fs::read(update.join(DATA_NOTE_FILE)).expect("a note");
    let note: DataNote = serde_json::from_slice(&text).expect("a note");
    assert_eq!(note.at, 1_800_000_000);
    assert!(
        note.text.contains("cannot read the data that 1.1.0 left"),
        "{}",
        note.text
    );
    assert_eq!(store.restored().await.expect("readable"), None);
    store.close().await.expect("closed");
    world.start().await.logged_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_version_could_not_run_is_wanted_again() {
    let mut world = World::new();
    let update = world.home.path().join("update");
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let mut ids = Vec::new();
    for name in ["web", "db"] {
        let made = client.instance(name, "tiny", true).await;
        ids.push(made["id"].as_str().expect("an id").parse().expect("a UUID"));
    }
    server.kill().await;
    begin(&world, "1.0.0").await;

    // The new version starts none of them; its owner stops the second.
    for id in &ids {
        world.hypervisor.guest_ends(*id, DomainState::Stopped);
    }
    world.host_boot = "under 1.1.0".to_owned();
    begin(&world, "1.1.0").await;
    for nth in 1..=6 {
        world.hypervisor.fail(Call::Start, nth, Moment::Before);
    }
    let server = world.start().await;
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    let client = server.logged_in().await;
    for name in ["web", "db"] {
        while status(&client, name).await != ("stopped".into(), true) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let path = format!("{PROJECT}/instances/db");
    client
        .post(&format!("{path}/start"), serde_json::json!({}))
        .await;
    while status(&client, "db").await != ("running".into(), false) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    client
        .post(&format!("{path}/stop"), serde_json::json!({"force": true}))
        .await;
    while status(&client, "db").await != ("stopped".into(), false) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.kill().await;

    world.host_boot = "back".to_owned();
    begin(&world, "1.0.0").await;
    assert!(update.join("handover.json").exists());
    let server = world.start().await;
    let client = server.logged_in().await;
    assert_eq!(status(&client, "web").await, ("running".into(), false));
    assert_eq!(status(&client, "db").await, ("stopped".into(), false));
    server.kill().await;
    // Once only: what fails under the version that runs stays failed.
    begin(&world, "1.0.0").await;
}

/// What a daemon of a version does at its start.
async fn begin(world: &World, version: &str) {
    let control = world.home.path().join("control");
    let migrations = meghd::migrations().expect("in order");
    let store = Store::open(&control, migrations, StoreOptions::default())
        .await
        .expect("opens");
    take_over(&store, &world.home.path().join("update"), version, 1).await;
    store.close().await.expect("closed");
}

/// What is wanted of an instance, and whether it failed.
async fn status(client: &crate::support::Client, name: &str) -> (String, bool) {
    let answer = client.get(&format!("{PROJECT}/instances/{name}")).await;
    let failed = !answer.body["error"].is_null();
    (answer.text("/desired"), failed)
}
