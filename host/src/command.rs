//! The one way to start a program.
//!
//! ```no_run
//! use megh_host::command::Cmd;
//! # fn main() -> Result<(), megh_host::command::CommandError> {
//! let kernel = Cmd::new("uname").arg("-r").stdout()?;
//! Cmd::new("dpkg").args(["--configure", "-a"]).root("/mnt/tools").run()?;
//! # Ok(())
//! # }
//! ```

mod child;
mod error;
mod run;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use child::Child;
pub use error::{CommandError, Exit};
pub use run::Line;

/// What a finished program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// Everything it printed on standard output.
    pub stdout: Vec<u8>,
    /// The last part of what it printed on standard error.
    pub stderr: String,
}

impl Output {
    /// A successful run that printed `stdout`; what fakes answer with.
    pub fn success(stdout: impl Into<Vec<u8>>) -> Self {
        Self {
            exit: Exit::Code(0),
            stdout: stdout.into(),
            stderr: String::new(),
        }
    }

    /// Standard output as text, without the final line break.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout)
            .trim_end_matches(['\n', '\r'])
            .to_owned()
    }
}

/// Where a program's standard input comes from.
#[derive(Debug, Clone, Default)]
enum Stdin {
    #[default]
    Null,
    Inherit,
    Bytes(Vec<u8>),
    File(PathBuf),
    Piped,
}

/// Where a program's standard output goes.
#[derive(Debug, Clone, Default)]
enum Stdout {
    /// Collected by `run`, discarded by `spawn`.
    #[default]
    Default,
    Inherit,
    File(PathBuf),
    Piped,
}

#[derive(Clone)]
struct Arg {
    value: OsString,
    secret: bool,
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret {
            true => f.write_str("***"),
            false => self.value.fmt(f),
        }
    }
}

/// A program with its arguments and surroundings, not yet started.
///
/// Standard input is empty, standard output is collected, and the tail of
/// standard error ends up in the error, unless said otherwise.
#[derive(Debug, Clone)]
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    program: OsString,
    args: Vec<Arg>,
    env: Vec<(OsString, Option<OsString>)>,
    clear_env: bool,
    cwd: Option<PathBuf>,
    root: Option<PathBuf>,
    stdin: Stdin,
    stdout: Stdout,
    stderr_file: Option<PathBuf>,
    inherit_stderr: bool,
    timeout: Option<Duration>,
    own_group: bool,
}

impl Cmd {
    /// A command for `program`, looked up in `PATH` when it has no slash.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            clear_env: false,
            cwd: None,
            root: None,
            stdin: Stdin::Null,
            stdout: Stdout::Default,
            stderr_file: None,
            inherit_stderr: false,
            timeout: None,
            own_group: false,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(Arg {
            value: arg.as_ref().to_owned(),
            secret: false,
        });
        self
    }

    /// Adds one argument that is shown as `***` in errors and logs.
    pub fn secret_arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(Arg {
            value: arg.as_ref().to_owned(),
            secret: true,
        });
        self
    }

    /// Adds several arguments.
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        for arg in args {
            self = self.arg(arg);
        }
        self
    }

    /// Sets an environment variable. Values never appear in errors.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((key.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Removes an environment variable.
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().to_owned(), None));
        self
    }

    /// Starts from an empty environment instead of this process's.
    pub fn env_clear(mut self) -> Self {
        self.clear_env = true;
        self
    }

    /// The directory to start in (inside the root, when one is set).
    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Self {
        self.cwd = Some(dir.as_ref().to_owned());
        self
    }

    /// Runs with `root` as the root directory (`chroot`).
    pub fn root(mut self, root: impl AsRef<Path>) -> Self {
        self.root = Some(root.as_ref().to_owned());
        self
    }

    /// Feeds these bytes to standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Feeds a file to standard input.
    pub fn stdin_file(mut self, path: impl AsRef<Path>) -> Self {
        self.stdin = Stdin::File(path.as_ref().to_owned());
        self
    }

    /// Leaves standard input open as a pipe: [`Child::take_stdin`]. For [`Cmd::spawn`].
    pub fn stdin_piped(mut self) -> Self {
        self.stdin = Stdin::Piped;
        self
    }

    /// Writes standard output to a file, which is created or emptied.
    pub fn stdout_file(mut self, path: impl AsRef<Path>) -> Self {
        self.stdout = Stdout::File(path.as_ref().to_owned());
        self
    }

    /// Leaves standard output open as a pipe: [`Child::take_stdout`]. For [`Cmd::spawn`].
    pub fn stdout_piped(mut self) -> Self {
        self.stdout = Stdout::Piped;
        self
    }

    /// Writes standard error to a file, which is created or emptied, instead of keeping its tail.
    pub fn stderr_file(mut self, path: impl AsRef<Path>) -> Self {
        self.stderr_file = Some(path.as_ref().to_owned());
        self
    }

    /// Shares this process's terminal with the program.
    pub fn interactive(mut self) -> Self {
        self.stdin = Stdin::Inherit;
        self.stdout = Stdout::Inherit;
        self.inherit_stderr = true;
        self
    }

    /// Kills the program, with all it started, when it runs longer.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self.own_group()
    }

    /// Puts the program into a process group of its own, so that an interrupt
    /// typed at the terminal does not reach it and killing it reaches its children.
    pub fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Runs to the end; anything but exit status 0 is an error.
    pub fn run(&self) -> Result<Output, CommandError> {
        self.check(self.output()?)
    }

    /// Runs to the end and returns how it ended, whatever that is.
    pub fn output(&self) -> Result<Output, CommandError> {
        run::capture(self)
    }

    /// Whether it ends with exit status 0.
    pub fn succeeds(&self) -> Result<bool, CommandError> {
        Ok(self.output()?.exit.is_success())
    }

    /// Runs and returns standard output as text, without the final line break.
    pub fn stdout(&self) -> Result<String, CommandError> {
        Ok(self.run()?.text())
    }

    /// Runs and parses standard output as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        self.parse_json(&self.run()?)
    }

    /// Runs and calls `each` with every line of standard output and standard
    /// error as it comes.
    pub fn lines(&self, each: impl FnMut(Line<'_>)) -> Result<Output, CommandError> {
        self.check(run::stream(self, each)?)
    }

    /// Starts the program and returns at once; dropping the child kills it.
    pub fn spawn(&self) -> Result<Child, CommandError> {
        Child::start(self)
    }

    /// Turns an exit status other than 0 into an error.
    pub(crate) fn check(&self, output: Output) -> Result<Output, CommandError> {
        if output.exit.is_success() {
            return Ok(output);
        }
        Err(CommandError::Failed {
            command: self.to_string(),
            exit: output.exit,
            stderr: output.stderr,
        })
    }

    /// Parses the standard output of a finished run as JSON.
    pub(crate) fn parse_json<T: DeserializeOwned>(
        &self,
        output: &Output,
    ) -> Result<T, CommandError> {
        serde_json::from_slice(&output.stdout).map_err(|source| CommandError::Json {
            command: self.to_string(),
            source,
        })
    }

    /// The program's name as given, for fakes that answer by program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The arguments as given, secrets included, for fakes that answer by argument.
    pub fn arguments(&self) -> impl Iterator<Item = &OsStr> {
        self.args.iter().map(|arg| arg.value.as_os_str())
    }
}

/// The command as one would type it, secrets replaced.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program.to_string_lossy())?;
        for arg in &self.args {
            let value = arg.value.to_string_lossy();
            if arg.secret {
                f.write_str(" ***")?;
            } else if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '\'') {
                write!(f, " '{}'", value.replace('\'', "'\\''"))?;
            } else {
                write!(f, " {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
