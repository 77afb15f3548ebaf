//! The programs on a terminal with nobody at it: a serial line without a cable
//! answers no question, and that must not end them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use megh_host::command::Cmd;

/// Longer than terminal libraries wait for an answer.
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// Only a program at fault takes so long to say something, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);
/// "Where is your cursor?"
const CURSOR_QUERY: &str = "\u{1b}[6n";

/// What `program` writes to such a terminal, `expected` and more; it must still
/// run long after that.
fn output_of(program: &str, args: &str, expected: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let typescript = dir.path().join("typescript");
    let mut child = Cmd::new("script")
        .args(["--quiet", "--flush", "--return", "--command"])
        .arg(format!("{program} {args}"))
        .arg(&typescript)
        .env("TERM", "vt102")
        .stdin_piped()
        .own_group()
        .spawn()
        .unwrap();
    // An open pipe to which nothing is written.
    let _nobody = child.take_stdin();
    let written = || fs::read_to_string(&typescript).unwrap_or_default();
    let started = Instant::now();
    while !written().contains(expected) {
        let text = written();
        assert_eq!(child.try_wait().unwrap(), None, "{program} ended:\n{text}");
        assert!(started.elapsed() < PATIENCE, "no `{expected}`:\n{text}");
        thread::sleep(Duration::from_millis(20));
    }
    let ended = child.wait_timeout(LONG_ENOUGH).unwrap();
    assert_eq!(ended, None, "{program} ended:\n{}", written());
    written()
}

#[test]
fn the_console_stays_on_a_line_without_anybody() {
    let text = output_of(env!("CARGO_BIN_EXE_megh-console"), "", "is starting");
    assert!(!text.contains(CURSOR_QUERY), "{text}");
}

#[test]
fn the_installer_stays_on_a_line_without_anybody() {
    let text = output_of(
        env!("CARGO_BIN_EXE_megh-install"),
        "--release /nonexistent --keys /nonexistent tui",
        "failed",
    );
    assert!(!text.contains(CURSOR_QUERY), "{text}");
}
