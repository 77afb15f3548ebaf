//! `megh` as its user runs it, against a daemon on a socket with engines in memory.

mod updates;

use std::path::PathBuf;

use megh_host::command::{Cmd, Exit, Output};
use meghd::fake::{Appliance, PoolCall, PoolMoment};
use serde_json::Value;

const PASSWORD: &str = "correct horse battery\n";

/// Somebody with a home of their own.
struct User {
    home: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().expect("a directory"),
        }
    }

    fn config(&self) -> PathBuf {
        self.home.path().join("megh/config.toml")
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.display().to_string()
    }

    /// Runs `megh`; its exit status, and what it says.
    fn megh(&self, arguments: &[&str], stdin: &str) -> (i32, Output) {
        let output = Cmd::new(env!("CARGO_BIN_EXE_megh"))
            .args(arguments)
            .env("MEGH_CONFIG", self.config())
            .stdin(stdin)
            .output()
            .expect("megh starts");
        match output.exit {
            Exit::Code(code) => (code, output),
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    /// Runs `megh --json`, which has to succeed.
    #[track_caller]
    fn json(&self, arguments: &[&str], stdin: &str) -> Value {
        let (code, output) = self.megh(&[&["--json"], arguments].concat(), stdin);
        assert_eq!(code, 0, "{arguments:?}: {}", output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Runs `megh`, which has to fail like this.
    #[track_caller]
    fn fails(&self, arguments: &[&str], stdin: &str, code: i32, says: &str) {
        let (seen, output) = self.megh(arguments, stdin);
        assert_eq!(seen, code, "{arguments:?}: {}", output.stderr);
        assert!(
            output.stderr.contains(says),
            "{arguments:?}: {}",
            output.stderr
        );
    }

    /// Connects and claims.
    fn own(&self, appliance: &Appliance) {
        self.json(
            &[
                "connect",
                &appliance.url,
                "--fingerprint",
                &appliance.fingerprint,
            ],
            "",
        );
        self.json(
            &[
                "claim",
                "--code",
                &appliance.claim_code(),
                "--password-stdin",
            ],
            PASSWORD,
        );
    }
}

fn boot_sector() -> Vec<u8> {
    let mut sector = vec![0x90; 512];
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[test]
fn the_whole_path_from_connect_to_delete() {
    let appliance = Appliance::start();
    let user = User::new();
    user.own(&appliance);
    assert_eq!(user.json(&["system"], "")["version"], "1.2.3");
    let disk = user.file("disk.raw", &boot_sector());
    let image = user.json(&["image", "create", "tiny", "--file", &disk, "--wait"], "");
    assert_eq!(
        (&image["state"], &image["size"]),
        (&"ready".into(), &512.into())
    );
    let create = [
        "instance", "create", "web", "--image", "tiny", "--memory", "64MiB", "--start", "--wait",
    ];
    assert_eq!(user.json(&create, "")["status"], "running");
    assert_eq!(user.json(&["instance", "list"], "")[0]["name"], "web");
    let (code, shown) = user.megh(&["instance", "list"], "");
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        code == 0 && text.starts_with("NAME  STATUS") && text.contains("web   running"),
        "{text}"
    );

    let accepted = user.json(&["instance", "stop", "web"], "");
    let operation = accepted["operation"]["id"].as_str().expect("an id");
    assert_eq!(
        user.json(&["operation", "wait", operation], "")["status"],
        "succeeded"
    );
    assert_eq!(
        user.json(&["instance", "show", "web"], "")["status"],
        "stopped"
    );
    user.json(&["instance", "start", "web", "--wait"], "");
    user.json(&["instance", "delete", "web", "--wait"], "");
    user.fails(&["instance", "show", "web"], "", 1, "not_found");
    user.json(&["image", "delete", "tiny", "--wait"], "");
    let kinds = user.json(&["operation", "list"], "");
    assert_eq!(kinds.as_array().map(Vec::len), Some(6));
}

#[test]
fn the_console_carries_both_ways_and_ctrl_bracket_leaves() {
    let appliance = Appliance::start();
    appliance
        .hypervisor
        .set_greeting(b"hello from the guest\r\n");
    let user = User::new();
    user.own(&appliance);
    let disk = user.file("disk.raw", &boot_sector());
    user.json(&["image", "create", "tiny", "--file", &disk, "--wait"], "");
    let create = [
        "instance", "create", "web", "--image", "tiny", "--memory", "64MiB", "--start", "--wait",
    ];
    let web = user.json(&create, "");
    let id = web["id"].as_str().expect("an id").parse().expect("a UUID");
    let mut console = Cmd::new(env!("CARGO_BIN_EXE_megh"))
        .args(["instance", "console", "web"])
        .env("MEGH_CONFIG", user.config())
        .stdin_piped()
        .stdout_piped()
        .spawn()
        .expect("megh starts");
    let mut output = console.take_stdout().expect("a pipe");
    let mut seen = vec![0; "hello from the guest\r\n".len()];
    std::io::Read::read_exact(&mut output, &mut seen).expect("the greeting");
    assert_eq!(seen, b"hello from the guest\r\n");
    let mut input = console.take_stdin().expect("a pipe");
    std::io::Write::write_all(&mut input, b"ls\r").expect("typed");
    appliance.wait_until(|appliance| appliance.hypervisor.guest_input(id) == b"ls\r");
    std::io::Write::write_all(&mut input, b"\x1d").expect("typed");
    drop(input);
    let exit = console
        .wait_timeout(std::time::Duration::from_secs(120))
        .expect("waited for");
    assert!(exit.is_some_and(|exit| exit.is_success()));
}

#[test]
fn another_certificate_is_not_trusted() {
    let (first, second) = (Appliance::start(), Appliance::start());
    let user = User::new();
    user.fails(
        &["connect", &first.url, "--fingerprint", &second.fingerprint],
        "",
        3,
        "fingerprint",
    );
    assert!(!user.config().exists());
    user.fails(&["connect", &first.url], "", 1, &first.fingerprint);
    user.own(&first);
    let text = std::fs::read_to_string(user.config()).expect("a file");
    std::fs::write(user.config(), text.replace(&first.url, &second.url)).expect("written");
    user.fails(&["system"], "", 3, &second.fingerprint);
    user.fails(&["instance", "console", "web"], "", 3, "installed anew");
}

#[test]
fn failures_have_their_exit_status_and_advice() {
    let appliance = Appliance::start();
    let user = User::new();
    user.fails(&["system"], "", 1, "megh connect");
    user.fails(&["frobnicate"], "", 2, "unrecognized");
    user.json(
        &[
            "connect",
            &appliance.url,
            "--fingerprint",
            &appliance.fingerprint,
        ],
        "",
    );
    user.fails(&["system"], "", 1, "megh claim");
    user.fails(
        &["claim", "--code", "00000-00000", "--password-stdin"],
        PASSWORD,
        1,
        "wrong_claim_code",
    );
    user.own(&appliance);
    user.fails(
        &["login", "--password-stdin"],
        "wrong\n",
        1,
        "wrong_credentials",
    );
    user.json(&["logout"], "");
    user.fails(&["system"], "", 4, "megh login");
    user.json(&["login", "--password-stdin"], PASSWORD);
    let (code, output) = user.megh(&["--json", "instance", "show", "none"], "");
    let problem: Value = serde_json::from_str(output.stderr.trim()).expect("a problem document");
    assert_eq!((code, &problem["code"]), (1, &"not_found".into()));
    user.fails(&["image", "create", "x", "--file", "/none"], "", 1, "/none");
    assert_eq!(user.json(&["image", "list"], ""), serde_json::json!([]));

    let disk = user.file("disk.raw", &boot_sector());
    user.json(&["image", "create", "tiny", "--file", &disk, "--wait"], "");
    appliance
        .pool
        .fail(PoolCall::CreateVolume, 1, PoolMoment::Before);
    let create = ["instance", "create", "web", "--image", "tiny", "--wait"];
    user.fails(&create, "", 5, "operation failed");
    appliance.stop();
    user.fails(&["system"], "", 3, "cannot reach");
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, output) = User::new().megh(&["completions", shell], "");
        assert!(
            code == 0 && String::from_utf8_lossy(&output.stdout).contains("megh"),
            "{shell}"
        );
    }
}
