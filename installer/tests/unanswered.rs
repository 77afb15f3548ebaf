//! The programs on a terminal with nobody at it: a serial line without a cable
//! answers no question, and that must not end them.

use std::fs;
use std::time::Duration;

use megh_host::command::Cmd;

/// Longer than terminal libraries wait for an answer.
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// "Where is your cursor?"
const CURSOR_QUERY: &str = "\u{1b}[6n";

/// What `program` writes to such a terminal; it must still run at the end.
fn output_of(program: &str, args: &str) -> String {
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
    let ended = child.wait_timeout(LONG_ENOUGH).unwrap();
    let text = fs::read_to_string(&typescript).unwrap();
    assert_eq!(ended, None, "{program} ended:\n{text}");
    text
}

#[test]
fn the_console_stays_on_a_line_without_anybody() {
    let text = output_of(env!("CARGO_BIN_EXE_megh-console"), "");
    assert!(!text.contains(CURSOR_QUERY), "{text}");
    assert!(text.contains("is starting"), "{text}");
}

#[test]
fn the_installer_stays_on_a_line_without_anybody() {
    let text = output_of(
        env!("CARGO_BIN_EXE_megh-install"),
        "--release /nonexistent --keys /nonexistent tui",
    );
    assert!(!text.contains(CURSOR_QUERY), "{text}");
    assert!(text.contains("failed"), "{text}");
}
