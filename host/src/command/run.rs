//! Running a program to its end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::child::{Child, Tail};
use super::{Cmd, CommandError, Exit, Output, Stdout};

/// One line of a program's output, without its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// From standard output.
    Out(&'a str),
    /// From standard error.
    Err(&'a str),
}

/// Runs `cmd` and collects its standard output.
pub(super) fn capture(cmd: &Cmd) -> Result<Output, CommandError> {
    let mut child = Child::start(&collecting(cmd))?;
    let reader = child.take_stdout().map(|mut stdout| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).map(|_| bytes)
        })
    });
    let exit = wait(cmd, &mut child)?;
    let stdout = match reader.map(thread::JoinHandle::join) {
        None => Vec::new(),
        Some(Ok(bytes)) => bytes.map_err(|source| contact(cmd, source))?,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
    };
    Ok(Output {
        exit,
        stdout,
        stderr: child.stderr_tail(),
    })
}

/// Runs `cmd` and hands over every line as it comes.
pub(super) fn stream(cmd: &Cmd, mut each: impl FnMut(Line<'_>)) -> Result<Output, CommandError> {
    let mut child = Child::start_with_raw_stderr(&collecting(cmd))?;
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.take_stdout() {
        forward(stdout, sender.clone(), false);
    }
    if let Some(stderr) = child.take_stderr() {
        forward(stderr, sender.clone(), true);
    }
    drop(sender);
    let deadline = cmd.timeout.map(|limit| Instant::now() + limit);
    let mut tail = Tail::default();
    loop {
        let received = match deadline {
            None => lines
                .recv()
                .map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            Some(at) => lines.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match received {
            Ok((true, line)) => {
                tail.push(line.as_bytes());
                tail.push(b"\n");
                each(Line::Err(&line));
            }
            Ok((false, line)) => each(Line::Out(&line)),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                return Err(timed_out(cmd, &mut child, tail.text()));
            }
        }
    }
    let exit = wait(cmd, &mut child)?;
    Ok(Output {
        exit,
        stdout: Vec::new(),
        stderr: tail.text(),
    })
}

/// `cmd` with its standard output piped unless it goes elsewhere.
fn collecting(cmd: &Cmd) -> Cmd {
    let mut cmd = cmd.clone();
    if matches!(cmd.stdout, Stdout::Default) {
        cmd.stdout = Stdout::Piped;
    }
    cmd
}

/// Sends `from` line by line; a final line without a break counts.
fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<(bool, String)>, stderr: bool) {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches(['\n', '\r'])
                .to_owned();
            if to.send((stderr, text)).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// Waits for the end, or for the command's time limit.
fn wait(cmd: &Cmd, child: &mut Child) -> Result<Exit, CommandError> {
    let Some(limit) = cmd.timeout else {
        return child.wait();
    };
    match child.wait_timeout(limit)? {
        Some(exit) => Ok(exit),
        None => {
            let said = child.stderr_tail_so_far();
            Err(timed_out(cmd, child, said))
        }
    }
}

fn timed_out(cmd: &Cmd, child: &mut Child, stderr: String) -> CommandError {
    child.kill();
    let limit = cmd.timeout.unwrap_or(Duration::ZERO);
    CommandError::TimedOut {
        command: cmd.to_string(),
        limit,
        stderr,
    }
}

pub(super) fn contact(cmd: &Cmd, source: io::Error) -> CommandError {
    CommandError::Contact {
        command: cmd.to_string(),
        source,
    }
}

/// Writes all of `bytes`; a program that does not read its input is not an error.
pub(super) fn feed(mut stdin: impl Write + Send + 'static, bytes: Vec<u8>) {
    thread::spawn(move || {
        let _unread = stdin.write_all(&bytes);
    });
}
