//! How programs end, and how running one fails.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned this status.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// Whether it returned 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// Why a program could not be run, or did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The program did not start.
    #[error("cannot start `{command}`")]
    Start {
        /// The command, secrets replaced.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file for the program's input or output could not be opened.
    #[error("cannot open `{path}` for `{command}`")]
    Open {
        /// The command, secrets replaced.
        command: String,
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Waiting for the program or exchanging data with it failed.
    #[error("lost contact with `{command}`")]
    Contact {
        /// The command, secrets replaced.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended with another status than 0.
    #[error("`{command}` ended with {exit}{}", Said(stderr))]
    Failed {
        /// The command, secrets replaced.
        command: String,
        /// How it ended.
        exit: Exit,
        /// The tail of standard error.
        stderr: String,
    },
    /// It ran longer than allowed and was killed.
    #[error(
        "`{command}` did not finish within {limit:?} and was killed{}",
        Said(stderr)
    )]
    TimedOut {
        /// The command, secrets replaced.
        command: String,
        /// The time it was given.
        limit: Duration,
        /// The tail of standard error.
        stderr: String,
    },
    /// Its output was to be JSON and is not.
    #[error("`{command}` did not print the JSON that was expected")]
    Json {
        /// The command, secrets replaced.
        command: String,
        /// Where the text departs from what was expected.
        source: serde_json::Error,
    },
}

/// Standard error's tail as the end of a message.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.trim() {
            "" => Ok(()),
            said => write!(f, ": {said}"),
        }
    }
}
