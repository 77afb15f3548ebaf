//! What the health gate of an update is told.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use megh_hypervisor::DomainState;
use megh_hypervisor::fake::{Call as HypervisorCall, Moment};
use megh_model::update::{GateReport, GateState};
use meghd::gate::GateSocket;

use crate::support::{Server, World, boot_sector};

fn socket(world: &World) -> PathBuf {
    world.home.path().join("run/meghd.sock")
}

/// Asks as the updater does: HTTP/1.1 over the socket.
async fn ask(path: &Path) -> GateReport {
    let path = path.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(path).expect("somebody listens");
        let request = b"GET /gate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        serde_json::from_str(body).expect("a report")
    });
    asked.await.expect("asked")
}

async fn gated(world: &World) -> (GateSocket, Server) {
    let gate = GateSocket::bind(&socket(world)).expect("listens");
    let server = world.start().await;
    gate.serves(&server.app);
    (gate, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_root_only_and_before_the_claim() {
    let world = World::new();
    let gate = GateSocket::bind(&socket(&world)).expect("listens");
    let mode = std::fs::metadata(socket(&world)).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    let opening = ask(&socket(&world)).await;
    assert_eq!(opening.store.state, GateState::Starting);
    assert!(!opening.passes());

    let server = world.start().await;
    gate.serves(&server.app);
    let report = ask(&socket(&world)).await;
    assert!(report.passes(), "{report:?}");
    assert_eq!(report.store.detail, "opened, schema 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_opened_tells_why() {
    let world = World::new();
    let gate = Arc::new(GateSocket::bind(&socket(&world)).expect("listens"));
    let telling = Arc::clone(&gate);
    let told = tokio::spawn(async move { telling.failed("migration 2 failed".into()).await });
    let mut report = ask(&socket(&world)).await;
    while report.store.state == GateState::Starting {
        report = ask(&socket(&world)).await;
    }
    assert_eq!(report.store.state, GateState::Failed);
    assert_eq!(report.store.detail, "migration 2 failed");
    assert!(!told.is_finished(), "the reason stays to be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_that_do_not_answer_fail_it() {
    let world = World::new();
    let (_gate, _server) = gated(&world).await;
    world
        .hypervisor
        .fail(HypervisorCall::List, 1, Moment::Before);
    let report = ask(&socket(&world)).await;
    assert_eq!(report.hypervisor.state, GateState::Failed, "{report:?}");
    assert!(report.store.ok && report.pool.ok && !report.passes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_before_has_to_run_again() {
    let mut world = World::new();
    let first = world.start().await;
    let client = first.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", true).await["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID");
    client.instance("idle", "tiny", false).await;
    first.kill().await;

    world.hypervisor.guest_ends(web, DomainState::Stopped);
    world.host_boot = "second boot".to_owned();
    let (gate, server) = gated(&world).await;
    let report = ask(&socket(&world)).await;
    assert_eq!(report.instances.state, GateState::Starting, "{report:?}");
    assert_eq!(report.instances.detail, "are still starting: web");

    // The start fails for good; a daemon that starts anew still knows.
    for nth in 1..=3 {
        world
            .hypervisor
            .fail(HypervisorCall::Start, nth, Moment::Before);
    }
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    wait_for(&world, GateState::Failed).await;
    drop(gate);
    server.kill().await;
    let (_gate, server) = gated(&world).await;
    wait_for(&world, GateState::Failed).await;

    let client = server.logged_in().await;
    let path = "/api/v1/projects/default/instances/web/start";
    let answer = client.post(path, serde_json::json!({})).await;
    client.wait(&answer.expect_status(202)).await;
    wait_for(&world, GateState::Passed).await;
}

async fn wait_for(world: &World, state: GateState) {
    for _ in 0..12_000 {
        if ask(&socket(world)).await.instances.state == state {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the instances do not become {state:?}");
}
