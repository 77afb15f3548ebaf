//! Programs that the drivers run.

mod image;

pub(crate) use image::{Target, convert, create_overlay, measure};

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use megh_host::command::{Cmd, CommandError, Output};
use megh_host::{Machine, System};

/// Runs programs: [`System`] on the real machine, a fake one in tests.
pub(crate) trait Tools: fmt::Debug + Send + Sync {
    /// Runs a program to its end; anything but exit status 0 is an error.
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError>;

    /// The same, handing over what it prints while it prints it.
    fn watch(&self, cmd: &Cmd, each: &mut dyn FnMut(&[u8])) -> Result<(), CommandError>;
}

/// The tools of the machine this process runs on.
pub(crate) fn system() -> Arc<dyn Tools> {
    Arc::new(System)
}

impl Tools for System {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        Machine::run(self, cmd)
    }

    fn watch(&self, cmd: &Cmd, each: &mut dyn FnMut(&[u8])) -> Result<(), CommandError> {
        tracing::debug!(%cmd, "watch");
        let mut child = cmd.clone().stdout_piped().spawn()?;
        if let Some(mut stdout) = child.take_stdout() {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                each(&buffer[..count]);
            }
        }
        let exit = child.wait()?;
        if exit.is_success() {
            return Ok(());
        }
        Err(CommandError::Failed {
            command: cmd.to_string(),
            exit,
            stderr: child.stderr_tail_so_far(),
        })
    }
}
