//! The seam between what is decided and the machine it is done to.

use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::command::{Cmd, CommandError, Output};
use crate::mount::{MountError, MountSpec, sys};

/// What the code that changes a machine needs from it. [`System`] is the real
/// one, [`crate::fake::FakeMachine`] the one for tests.
pub trait Machine: fmt::Debug + Send + Sync {
    /// Runs a program to its end; anything but exit status 0 is an error.
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError>;

    /// Mounts as `spec` says. Callers hold it by a [`crate::mount::Mount`].
    fn mount(&self, spec: &MountSpec) -> Result<(), MountError>;

    /// Unmounts what is mounted at `target`; `lazy` does so even if it is in use.
    fn unmount(&self, target: &Path, lazy: bool) -> Result<(), MountError>;
}

impl dyn Machine + '_ {
    /// Runs a program and parses its standard output as JSON.
    pub fn json<T: DeserializeOwned>(&self, cmd: &Cmd) -> Result<T, CommandError> {
        cmd.parse_json(&self.run(cmd)?)
    }
}

/// The machine this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Machine for System {
    fn run(&self, cmd: &Cmd) -> Result<Output, CommandError> {
        tracing::debug!(%cmd, "run");
        cmd.run()
    }

    fn mount(&self, spec: &MountSpec) -> Result<(), MountError> {
        tracing::debug!(?spec, "mount");
        sys::mount(spec)
    }

    fn unmount(&self, target: &Path, lazy: bool) -> Result<(), MountError> {
        tracing::debug!(?target, lazy, "unmount");
        sys::unmount(target, lazy)
    }
}
