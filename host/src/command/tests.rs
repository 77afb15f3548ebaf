use std::time::{Duration, Instant};

use super::*;

fn shell(script: &str) -> Cmd {
    Cmd::new("sh").args(["-c", script])
}

#[test]
fn output_is_collected_and_the_exit_status_is_kept() {
    let output = shell("echo out; echo err >&2; exit 3").output().unwrap();
    assert_eq!(output.exit, Exit::Code(3));
    assert_eq!(output.text(), "out");
    assert_eq!(output.stderr, "err");
}

#[test]
fn a_failure_names_the_command_and_the_tail_of_stderr_but_no_secret() {
    let error = Cmd::new("sh")
        .args(["-c", "echo 'no such thing' >&2; exit 1", "two words"])
        .secret_arg("hunter2")
        .run()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("ended with exit status 1: no such thing"),
        "{text}"
    );
    assert!(text.contains("'two words' ***"), "{text}");
    assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"));
}

#[test]
fn a_missing_program_is_named() {
    let error = Cmd::new("/nonexistent/program").run().unwrap_err();
    assert!(
        matches!(&error, CommandError::Start { command, .. } if command == "/nonexistent/program")
    );
}

#[test]
fn stdin_larger_than_a_pipe_comes_back_whole() {
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
    let output = Cmd::new("cat").stdin(bytes.clone()).run().unwrap();
    assert!(output.stdout == bytes);
}

#[test]
fn json_is_parsed_and_bad_json_is_an_error() {
    let value: Vec<u8> = shell("echo '[1,2]'").json().unwrap();
    assert_eq!(value, [1, 2]);
    assert!(matches!(
        shell("echo [").json::<Vec<u8>>(),
        Err(CommandError::Json { .. })
    ));
}

#[test]
fn the_time_limit_kills_the_program_with_its_children() {
    let started = Instant::now();
    let error = shell("sleep 600 & sleep 600")
        .timeout(Duration::from_millis(100))
        .run()
        .unwrap_err();
    assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(300));
}

#[test]
fn lines_come_from_both_streams_and_the_last_one_needs_no_break() {
    let mut seen = Vec::new();
    shell("printf 'a\\nb'; echo c >&2")
        .lines(|line| {
            seen.push(match line {
                Line::Out(text) => format!("out {text}"),
                Line::Err(text) => format!("err {text}"),
            });
        })
        .unwrap();
    seen.sort();
    assert_eq!(seen, ["err c", "out a", "out b"]);
}

#[test]
fn environment_directory_and_files_are_passed_on() {
    let dir = std::env::temp_dir().join(format!("megh-host-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("out");
    shell("echo $COLOUR; pwd")
        .env("COLOUR", "blue")
        .cwd(&dir)
        .stdout_file(&file)
        .run()
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("blue\n{}\n", dir.display())
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_dropped_child_is_gone() {
    let child = Cmd::new("sleep").arg("60").spawn().unwrap();
    let proc = format!("/proc/{}", child.id());
    assert!(std::fs::exists(&proc).unwrap());
    drop(child);
    assert!(!std::fs::exists(&proc).unwrap());
}

#[test]
fn a_child_that_ignores_the_request_is_killed_after_its_grace() {
    let mut child = shell("trap '' TERM; echo ready; while :; do sleep 1; done")
        .stdout_piped()
        .own_group()
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(&mut child.take_stdout().unwrap(), &mut ready).unwrap();
    assert_eq!(
        child.terminate(Duration::from_millis(50)).unwrap(),
        Exit::Signal(9)
    );
}
