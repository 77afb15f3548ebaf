//! A running program.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ChildStderr, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::{Cmd, CommandError, Exit, Stdin, Stdout, run};

/// How much of standard error is kept.
const TAIL_BYTES: usize = 16 * 1024;

/// A program that was started with [`Cmd::spawn`]. Dropping it kills it and
/// waits for its end.
#[derive(Debug)]
pub struct Child {
    cmd: Cmd,
    inner: process::Child,
    exit: Option<Exit>,
    tail: Arc<Mutex<Tail>>,
    tail_reader: Option<JoinHandle<()>>,
}

impl Child {
    /// Starts `cmd`, collecting the tail of its standard error.
    pub(super) fn start(cmd: &Cmd) -> Result<Self, CommandError> {
        let mut child = Self::start_with_raw_stderr(cmd)?;
        if let Some(stderr) = child.inner.stderr.take() {
            let tail = Arc::clone(&child.tail);
            child.tail_reader = Some(thread::spawn(move || collect_tail(stderr, &tail)));
        }
        Ok(child)
    }

    /// Starts `cmd`, leaving standard error to the caller.
    pub(super) fn start_with_raw_stderr(cmd: &Cmd) -> Result<Self, CommandError> {
        let mut command = prepare(cmd)?;
        let mut inner = command.spawn().map_err(|source| CommandError::Start {
            command: cmd.to_string(),
            source,
        })?;
        if let (Stdin::Bytes(bytes), Some(stdin)) =
            (&cmd.stdin, inner.stdin.take_if(|_| cmd.feeds()))
        {
            run::feed(stdin, bytes.clone());
        }
        Ok(Self {
            cmd: cmd.clone(),
            inner,
            exit: None,
            tail: Arc::default(),
            tail_reader: None,
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// The writing end of standard input; needs [`Cmd::stdin_piped`].
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.inner.stdin.take()
    }

    /// The reading end of standard output; needs [`Cmd::stdout_piped`].
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.inner.stdout.take()
    }

    pub(super) fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr.take()
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Result<Option<Exit>, CommandError> {
        if self.exit.is_none() {
            let status = self
                .inner
                .try_wait()
                .map_err(|source| run::contact(&self.cmd, source))?;
            self.exit = status.map(Exit::from);
        }
        Ok(self.exit)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<Exit, CommandError> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        let status = self
            .inner
            .wait()
            .map_err(|source| run::contact(&self.cmd, source))?;
        Ok(*self.exit.insert(status.into()))
    }

    /// Waits for its end, but no longer than `limit`; `None` when it still runs.
    pub fn wait_timeout(&mut self, limit: Duration) -> Result<Option<Exit>, CommandError> {
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(exit) = self.try_wait()? {
                return Ok(Some(exit));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Asks it to end (SIGTERM), and kills it when `grace` is over.
    pub fn terminate(&mut self, grace: Duration) -> Result<Exit, CommandError> {
        self.signal(Signal::SIGTERM);
        if let Some(exit) = self.wait_timeout(grace)? {
            return Ok(exit);
        }
        self.signal(Signal::SIGKILL);
        self.wait()
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        if self.exit.is_none() {
            self.signal(Signal::SIGKILL);
            let _gone = self.wait();
        }
    }

    /// Sends a signal to it, and to its process group when it has one of its own.
    fn signal(&self, signal: Signal) {
        if self.exit.is_some() {
            return;
        }
        let Ok(pid) = i32::try_from(self.inner.id()).map(Pid::from_raw) else {
            return;
        };
        let _gone = match self.cmd.own_group {
            true => killpg(pid, signal),
            false => kill(pid, signal),
        };
    }

    /// The tail of standard error; waits until the program has closed it.
    pub(super) fn stderr_tail(&mut self) -> String {
        if let Some(reader) = self.tail_reader.take() {
            let _ended = reader.join();
        }
        self.stderr_tail_so_far()
    }

    /// The tail of what it has printed on standard error until now.
    pub fn stderr_tail_so_far(&self) -> String {
        self.tail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .text()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cmd {
    const fn feeds(&self) -> bool {
        matches!(self.stdin, Stdin::Bytes(_))
    }
}

/// The standard library's form of `cmd`.
fn prepare(cmd: &Cmd) -> Result<process::Command, CommandError> {
    let mut command = base_command(cmd);
    command.args(cmd.args.iter().map(|arg| &arg.value));
    if cmd.clear_env {
        command.env_clear();
    }
    for (key, value) in &cmd.env {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    if cmd.own_group {
        command.process_group(0);
    }
    command.stdin(match &cmd.stdin {
        Stdin::Null => Stdio::null(),
        Stdin::Inherit => Stdio::inherit(),
        Stdin::Bytes(_) | Stdin::Piped => Stdio::piped(),
        Stdin::File(path) => opened(cmd, path, File::open(path))?,
    });
    command.stdout(match &cmd.stdout {
        Stdout::Default => Stdio::null(),
        Stdout::Inherit => Stdio::inherit(),
        Stdout::Piped => Stdio::piped(),
        Stdout::File(path) => opened(cmd, path, File::create(path))?,
    });
    command.stderr(match &cmd.stderr_file {
        Some(path) => opened(cmd, path, File::create(path))?,
        None if cmd.inherit_stderr => Stdio::inherit(),
        None => Stdio::piped(),
    });
    Ok(command)
}

/// The program, started through `chroot` when it has a root of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that starts programs"
)]
fn base_command(cmd: &Cmd) -> process::Command {
    let Some(root) = &cmd.root else {
        let mut command = process::Command::new(&cmd.program);
        if let Some(cwd) = &cmd.cwd {
            command.current_dir(cwd);
        }
        return command;
    };
    let mut command = process::Command::new("chroot");
    command.arg(root);
    if let Some(cwd) = &cmd.cwd {
        command.args(["env".as_ref(), "-C".as_ref(), cwd.as_os_str()]);
    }
    command.arg(&cmd.program);
    command
}

fn opened(cmd: &Cmd, path: &Path, file: std::io::Result<File>) -> Result<Stdio, CommandError> {
    file.map(Stdio::from).map_err(|source| CommandError::Open {
        command: cmd.to_string(),
        path: path.display().to_string(),
        source,
    })
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let surplus = self.0.len().saturating_sub(TAIL_BYTES);
        self.0.drain(..surplus);
    }

    pub(super) fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }
}

fn collect_tail(mut stderr: ChildStderr, tail: &Mutex<Tail>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        tail.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(&buffer[..read]);
    }
}
