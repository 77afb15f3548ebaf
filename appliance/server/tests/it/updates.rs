//! Updates: the daemon asks `megh-update` and tells what it says.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::updater::{self, REPORT};
use crate::support::{Client, Server, World};

const UPDATE: &str = "/api/v1/system/update";

fn world() -> World {
    let world = World::new();
    updater::put(&world.home.path().join("megh-update"));
    world
}

fn says(world: &World, command: &str, script: &str) {
    let path: PathBuf = world.home.path().join(format!("{command}.sh"));
    std::fs::write(path, script).expect("written");
}

fn reports(world: &World, change: impl FnOnce(&mut Value)) {
    let mut report: Value = serde_json::from_str(REPORT).expect("JSON");
    change(&mut report);
    says(world, "status", &format!("cat <<'END'\n{report}\nEND\n"));
}

fn asked(world: &World) -> String {
    std::fs::read_to_string(world.home.path().join("asked")).unwrap_or_default()
}

async fn claimed(world: &World) -> (Server, Client) {
    let server = world.start().await;
    let client = server.claimed().await;
    (server, client)
}

/// Waits until what was asked for has ended.
async fn ended(client: &Client) -> Value {
    for _ in 0..6000 {
        let update = client.get(UPDATE).await.expect_status(200).body;
        if update["task"]["status"] != "running" {
            return update;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_updaters_words_are_told_in_those_of_the_api() {
    let world = world();
    reports(&world, |_| {});
    let server = world.start().await;
    let client = server.client();
    client.get(UPDATE).await.expect_problem("not_claimed");
    let client = server.claimed().await;
    server
        .client()
        .get(UPDATE)
        .await
        .expect_problem("not_authenticated");

    let update = client.get(UPDATE).await.expect_status(200).body;
    assert_eq!(update["version"], "1.0.0");
    assert_eq!(update["slots"][1]["state"], "on_trial");
    assert_eq!(update["staged"]["at"], 1_800_000_000_000_i64);
    assert_eq!(update["last_trial"]["outcome"], "rolled_back");
    assert_eq!(update["last_trial"]["checks"][0]["name"], "store");
    assert_eq!(update["settings"]["policy"], "download_only");
    assert_eq!(
        update["check"]["offers"][0]["released_at"],
        1_790_000_000_000_i64
    );
    assert_eq!(update["task"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn staging_tells_how_far_it_is_and_how_it_ended() {
    let world = world();
    reports(&world, |_| {});
    says(
        &world,
        "stage",
        r#"echo '{"phase":"writing","done":40,"total":100,"fetched":10,"rate":7,"eta":9}'
           echo 'not a line of ours'
           while [ ! -e "$here/go-on" ]; do sleep 0.02; done
           echo '{"ok":true,"version":"1.1.0"}'"#,
    );
    let (_server, client) = claimed(&world).await;
    let body = json!({"version": "1.1.0", "source": "/dev/sdb", "allow_expired": true});
    let path = format!("{UPDATE}/stage");
    let begun = client
        .post(&path, body.clone())
        .await
        .expect_status(202)
        .body;
    assert_eq!(begun["task"]["kind"], "stage");
    loop {
        let update = client.get(UPDATE).await.expect_status(200).body;
        if update["progress"]["phase"] == "writing" {
            assert_eq!(update["progress"]["done"], 40);
            assert_eq!(update["progress"]["eta"], 9);
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    // The same again is the same; anything else has to wait.
    client.post(&path, body).await.expect_status(202);
    client
        .post(&path, json!({}))
        .await
        .expect_problem("update_under_way");
    let check = client.post(&format!("{UPDATE}/check"), json!({})).await;
    check.expect_problem("update_under_way");

    std::fs::write(world.home.path().join("go-on"), "").expect("written");
    let update = ended(&client).await;
    assert_eq!(update["task"]["status"], "succeeded", "{update:#}");
    assert_eq!(update["progress"], Value::Null);
    let stages = asked(&world)
        .lines()
        .filter(|line| line.starts_with("stage"))
        .count();
    assert_eq!(stages, 1);
    assert!(asked(&world).contains("stage --json 1.1.0 --from /dev/sdb --allow-expired\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_that_a_command_has_ended_reads_what_came_of_it() {
    let world = world();
    let mut report: Value = serde_json::from_str(REPORT).expect("JSON");
    report["problems"] = json!(["$word"]);
    // What it tells is as old as its start.
    let script = format!(
        "word=before; if [ -e \"$here/checked\" ]; then word=after; fi\nsleep 0.05\n\
         cat <<END\n{report}\nEND\n"
    );
    says(&world, "status", &script);
    says(
        &world,
        "check",
        r#"sleep 0.1; touch "$here/checked"; echo '{"ok":true}'"#,
    );
    let (_server, client) = claimed(&world).await;
    for _ in 0..5 {
        let _from_before = std::fs::remove_file(world.home.path().join("checked"));
        let path = format!("{UPDATE}/check");
        client.post(&path, json!({})).await.expect_status(202);
        let update = ended(&client).await;
        assert_eq!(update["problems"], json!(["after"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_keeps_the_updaters_code_and_advice() {
    let world = world();
    reports(&world, |_| {});
    says(
        &world,
        "check",
        r#"echo '{"ok":false,"code":"index-expired","error":"the index has expired","hint":"set the clock"}'
           exit 1"#,
    );
    let (_server, client) = claimed(&world).await;
    client
        .post(&format!("{UPDATE}/check"), json!({}))
        .await
        .expect_status(202);
    let task = ended(&client).await["task"].clone();
    assert_eq!(task["status"], "failed");
    assert_eq!(task["code"], "index-expired");
    assert_eq!(task["error"], "the index has expired");
    assert_eq!(task["hint"], "set the clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_updater_that_misbehaves_is_told_as_broken() {
    let world = world();
    reports(&world, |_| {});
    let (_server, client) = claimed(&world).await;
    let cases = [
        ("echo garbage; echo '{}'", "without telling"),
        ("echo oops >&2; exit 3", "exit status 3: oops"),
        ("echo '{\"ok\":true}'; exit 1", "exit status 1"),
        ("kill -9 $$", "signal 9"),
    ];
    for (script, said) in cases {
        is_broken(&world, &client, script, said).await;
    }
}

async fn is_broken(world: &World, client: &Client, script: &str, said: &str) {
    says(world, "check", script);
    client
        .post(&format!("{UPDATE}/check"), json!({}))
        .await
        .expect_status(202);
    let task = ended(client).await["task"].clone();
    assert_eq!(task["status"], "failed", "{script}");
    assert_eq!(task["code"], "updater-broken", "{script}");
    let error = task["error"].as_str().expect("a text");
    assert!(error.contains(said), "{script}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_updater_that_hangs_is_ended() {
    let mut world = world();
    world.updater_limits.middle = Duration::from_millis(400);
    reports(&world, |_| {});
    let (server, client) = claimed(&world).await;
    is_broken(&world, &client, "sleep 600", "did not finish within").await;
    server.kill().await;

    world.updater_limits.short = Duration::from_millis(400);
    says(&world, "status", "sleep 600");
    let server = world.start().await;
    let client = server.logged_in().await;
    let answer = client.get(UPDATE).await.expect_problem("updater_failed");
    let detail = answer.text("/detail");
    assert!(detail.contains("did not finish"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_cannot_be_had_is_a_problem() {
    let world = world();
    let (_server, client) = claimed(&world).await;
    let refused = r#"echo '{"ok":false,"code":"not-installed","error":"started from a medium","hint":"install it"}'; exit 1"#;
    for (script, said) in [
        ("echo garbage", "cannot be read"),
        ("exit 1", "exit status 1"),
        (refused, "not-installed"),
    ] {
        says(&world, "status", script);
        let answer = client
            .get(UPDATE)
            .await
            .expect_status(503)
            .expect_problem("updater_failed");
        assert!(answer.text("/detail").contains(said), "{:#}", answer.body);
    }
    let answer = client.get(UPDATE).await;
    assert_eq!(answer.text("/remedy"), "install it");
    std::fs::remove_file(world.home.path().join("megh-update")).expect("removed");
    let answer = client.get(UPDATE).await.expect_problem("updater_failed");
    assert!(
        answer.text("/detail").contains("cannot start"),
        "{:#}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_applied_or_rolled_back_is_not_begun() {
    let world = world();
    reports(&world, |report| {
        report["staged"] = Value::Null;
        report["slots"][1]["state"] = "failed".into();
    });
    says(&world, "apply", "echo '{\"ok\":true}'");
    says(&world, "rollback", "echo '{\"ok\":true}'");
    let (_server, client) = claimed(&world).await;
    let apply = format!("{UPDATE}/apply");
    let rollback = format!("{UPDATE}/rollback");
    client
        .post(&apply, json!({}))
        .await
        .expect_problem("nothing_staged");
    client
        .post(&rollback, json!({}))
        .await
        .expect_problem("no_way_back");
    assert!(!asked(&world).contains("apply") && !asked(&world).contains("rollback"));

    reports(&world, |report| report["slots"][1]["state"] = "good".into());
    tokio::time::sleep(Duration::from_millis(800)).await;
    client.post(&apply, json!({})).await.expect_status(202);
    assert_eq!(ended(&client).await["task"]["status"], "succeeded");
    client.post(&rollback, json!({})).await.expect_status(202);
    assert_eq!(ended(&client).await["task"]["kind"], "rollback");
    assert!(
        asked(&world).contains("apply --json\n") && asked(&world).contains("rollback --json\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_and_handed_over() {
    let world = world();
    reports(&world, |_| {});
    says(
        &world,
        "settings",
        "cat >\"$here/kept.json\"; echo '{\"ok\":true}'",
    );
    let (_server, client) = claimed(&world).await;
    let put = async |body: Value| {
        let request = client
            .request(axum::http::Method::PUT, &format!("{UPDATE}/settings"))
            .header("content-type", "application/json");
        client.send(request, body.to_string().into()).await
    };
    let settings = json!({
        "source": "https://updates.example/meghos", "channel": "candidate", "policy": "automatic",
        "window": {"from_minute": 60, "to_minute": 240}, "bandwidth": 1_000_000,
    });
    let kept = put(settings.clone()).await.expect_status(200).body;
    assert_eq!(kept, settings);
    let text = std::fs::read_to_string(world.home.path().join("kept.json")).expect("handed over");
    let handed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(handed["policy"], "automatic");
    assert_eq!(handed["window"]["to_minute"], 240);

    for (field, value) in [
        ("source", json!("ftp://x")),
        ("channel", json!("nightly")),
        ("bandwidth", json!(5)),
        ("window", json!({"from_minute": 0, "to_minute": 1440})),
        ("unknown", json!(1)),
    ] {
        let mut bad = settings.clone();
        bad[field] = value;
        put(bad).await.expect_problem("invalid_field");
    }
    says(
        &world,
        "settings",
        "echo '{\"ok\":false,\"code\":\"disk-full\",\"error\":\"no room\"}'; exit 1",
    );
    put(settings).await.expect_problem("updater_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_the_failed_start_is_told() {
    let world = world();
    reports(&world, |_| {});
    let (_server, client) = claimed(&world).await;
    let path = format!("{UPDATE}/journal");
    client.get(&path).await.expect_problem("not_found");
    let update = world.home.path().join("update");
    std::fs::create_dir_all(&update).expect("a directory");
    std::fs::write(update.join("last-trial.journal"), "it broke\n").expect("written");
    let journal = client.get(&path).await.expect_status(200).body;
    assert_eq!(journal["text"], "it broke\n");
    assert_eq!(journal["version"], "1.1.0");
    assert_eq!(journal["truncated"], false);
}
