//! `megh system update`, with a program in the place of `megh-update`.

use std::path::Path;

use meghd::fake::Appliance;
use serde_json::{Value, json};

use crate::User;

/// An appliance with an updater that does what the scripts of the test say.
fn appliance() -> (Appliance, User) {
    let appliance = Appliance::start();
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../server/tests/fake-megh-update"
    );
    std::os::unix::fs::symlink(program, appliance.updater()).expect("a link");
    let user = User::new();
    user.own(&appliance);
    reports(&appliance, &report("1.0.0"));
    (appliance, user)
}

fn says(appliance: &Appliance, command: &str, script: &str) {
    let updater = appliance.updater();
    let folder = updater.parent().unwrap_or(Path::new("/"));
    let (new, path) = (folder.join("new"), folder.join(format!("{command}.sh")));
    std::fs::write(&new, script).expect("written");
    std::fs::rename(new, path).expect("in place");
}

fn reports(appliance: &Appliance, report: &Value) {
    says(
        appliance,
        "status",
        &format!("cat <<'END'\n{report}\nEND\n"),
    );
}

fn report(version: &str) -> Value {
    json!({
        "version": version,
        "slots": [
            {"slot": "a", "state": "good", "version": "1.0.0", "running": true, "next": true},
            {"slot": "b", "state": "staged", "version": "1.1.0", "running": false, "next": false},
        ],
        "staged": {"version": "1.1.0", "slot": "b", "at": 1, "fetched": 1048576, "size": 2097152},
        "trial": null, "last_trial": null, "progress": null, "floor": null, "problems": [],
        "check": {"at": 1, "error": null, "code": null, "offers": [
            {"version": "1.1.0", "source": "https://u", "size": 2097152, "download": 1048576,
             "released": null, "refused": null}]},
        "settings": {"source": "https://u", "channel": null, "policy": "manual", "window": null,
            "bandwidth": null},
    })
}

fn last_trial(outcome: &str) -> Value {
    json!({
        "version": "1.1.0", "from_version": "1.0.0", "outcome": outcome, "reason": "the pool is away",
        "at": 5, "journal": false, "data": null,
        "checks": [{"name": "pool", "passed": false, "detail": "no group", "deadline": 300}],
    })
}

#[test]
fn the_status_shows_both_slots_and_what_lies_ready() {
    let (_appliance, user) = appliance();
    let (code, output) = user.megh(&["system", "update"], "");
    assert_eq!(code, 0, "{}", output.stderr);
    let text = output.text();
    for part in [
        "A     1.0.0    good",
        "runs",
        "1.1.0 in slot B",
        "1 MiB of 2 MiB",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        user.json(&["system", "update", "status"], "")["version"],
        "1.0.0"
    );
}

#[test]
fn a_check_waits_and_a_refusal_has_its_advice() {
    let (appliance, user) = appliance();
    says(&appliance, "check", "sleep 0.3; echo '{\"ok\":true}'");
    let (code, output) = user.megh(&["system", "update", "check"], "");
    assert_eq!(code, 0, "{}", output.stderr);
    assert!(output.text().contains("1.1.0"), "{}", output.text());
    let found = user.json(&["system", "update", "check"], "");
    assert_eq!(found["check"]["offers"][0]["version"], "1.1.0");

    let refused = r#"echo '{"ok":false,"code":"index-expired","error":"it expired","hint":"set the clock"}'; exit 1"#;
    says(&appliance, "stage", refused);
    let stage = ["system", "update", "stage", "--watch"];
    user.fails(&stage, "", 5, "it expired (index-expired)");
    user.fails(&stage, "", 5, "set the clock");
}

#[test]
fn staging_is_followed_to_its_end() {
    let (appliance, user) = appliance();
    let script = r#"echo '{"phase":"writing","done":1,"total":2,"fetched":1,"rate":1,"eta":1}'
        sleep 2; echo '{"ok":true}'"#;
    says(&appliance, "stage", script);
    let arguments = [
        "system", "update", "stage", "1.1.0", "--from", "/dev/sdb", "--watch",
    ];
    let (code, output) = user.megh(&arguments, "");
    assert_eq!(code, 0, "{}", output.stderr);
    assert!(
        output.stderr.contains("fetching and writing   50 %"),
        "{}",
        output.stderr
    );
    let (code, output) = user.megh(&[&["--json"], &arguments[..]].concat(), "");
    assert_eq!(code, 0, "{}", output.stderr);
    let lines: Vec<Value> = output
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert!(lines.len() >= 2, "{lines:?}");
    assert_eq!(lines[lines.len() - 1]["task"]["status"], "succeeded");
    let asked = appliance.updater().with_file_name("asked");
    let asked = std::fs::read_to_string(asked).expect("it was asked");
    assert!(
        asked.contains("stage --json 1.1.0 --from /dev/sdb\n"),
        "{asked}"
    );
}

#[test]
fn a_restart_is_confirmed_and_followed_to_its_verdict() {
    let (appliance, user) = appliance();
    says(
        &appliance,
        "apply",
        "echo '{\"ok\":true}'; cp \"$here/after.sh\" \"$here/x\"; mv \"$here/x\" \"$here/status.sh\"",
    );
    user.fails(&["system", "update", "apply"], "", 1, "--yes");

    let mut failed = report("1.0.0");
    failed["last_trial"] = last_trial("failed");
    says(
        &appliance,
        "after",
        &format!("cat <<'END'\n{failed}\nEND\n"),
    );
    let apply = ["system", "update", "apply", "--yes", "--watch"];
    user.fails(
        &apply,
        "",
        5,
        "version 1.1.0 did not do its job: the pool is away",
    );

    let mut committed = report("1.1.0");
    committed["last_trial"] = last_trial("committed");
    says(
        &appliance,
        "after",
        &format!("cat <<'END'\n{committed}\nEND\n"),
    );
    let (code, output) = user.megh(&apply, "");
    assert_eq!(code, 0, "{}", output.stderr);
    assert!(
        output.text().contains("1.1.0 committed"),
        "{}",
        output.text()
    );
}

#[test]
fn settings_change_what_is_given_only() {
    let (appliance, user) = appliance();
    says(
        &appliance,
        "settings",
        "cat >\"$here/kept.json\"; echo '{\"ok\":true}'",
    );
    let change = [
        "system",
        "update",
        "settings",
        "--policy",
        "automatic",
        "--window",
        "22:00-04:00",
        "--bandwidth",
        "2MiB",
    ];
    let kept = user.json(&change, "");
    assert_eq!(kept["source"], "https://u");
    assert_eq!(kept["window"]["from_minute"], 1320);
    assert_eq!(kept["bandwidth"], 2 << 20);
    let none = user.json(&["system", "update", "settings", "--source", "none"], "");
    assert_eq!(none["source"], Value::Null);
    user.fails(
        &["system", "update", "settings", "--channel", "nightly"],
        "",
        1,
        "invalid_field",
    );
}
