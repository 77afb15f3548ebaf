//! Mounts and loop devices that end with the value that holds them.
//!
//! ```no_run
//! use megh_host::mount::{Mount, MountSpec};
//! # fn main() -> Result<(), megh_host::mount::MountError> {
//! let esp = Mount::new(&MountSpec::device("/dev/vda2", "/mnt/esp", "vfat").read_only())?;
//! std::fs::read(esp.path().join("meghos/bootenv")).ok();
//! esp.release()?; // or by leaving the scope
//! # Ok(())
//! # }
//! ```

mod loop_device;
mod namespace;
mod spec;
pub(crate) mod sys;

use std::io;
use std::path::{Path, PathBuf};

pub use loop_device::{LoopDevice, LoopSpec};
pub use namespace::private_namespace;
pub use spec::MountSpec;

use crate::{Machine, System};

/// A mount that is undone when this is dropped.
#[derive(Debug)]
#[must_use = "the mount ends when this is dropped"]
pub struct Mount<'m> {
    machine: &'m dyn Machine,
    target: PathBuf,
    owned: bool,
}

impl Mount<'static> {
    /// Mounts as `spec` says on this machine; the target directory is made if absent.
    pub fn new(spec: &MountSpec) -> Result<Self, MountError> {
        Self::on(&System, spec)
    }
}

impl<'m> Mount<'m> {
    /// Mounts as `spec` says on `machine`; the target directory is made if absent.
    pub fn on(machine: &'m dyn Machine, spec: &MountSpec) -> Result<Self, MountError> {
        machine.mount(spec)?;
        Ok(Self {
            machine,
            target: spec.target().to_owned(),
            owned: true,
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// Unmounts now and says whether that worked. A mount that is busy is
    /// detached when this returns, but what was written may not be on disk yet.
    pub fn release(mut self) -> Result<(), MountError> {
        self.machine.unmount(&self.target, false)?;
        self.owned = false;
        Ok(())
    }

    /// Leaves it mounted for good.
    pub fn keep(mut self) -> PathBuf {
        self.owned = false;
        self.target.clone()
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        if let Err(error) = self.machine.unmount(&self.target, true) {
            tracing::warn!(%error, "a mount stays behind");
        }
    }
}

/// Why mounting or unmounting failed.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// The directory to mount on could not be made.
    #[error("cannot make the mount point {}", target.display())]
    MountPoint {
        /// The directory.
        target: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused to mount.
    #[error("cannot mount {what} on {}", target.display())]
    Mount {
        /// The device, directory or kind of file system.
        what: String,
        /// Where to.
        target: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused mounts of our own; only root may ask for them.
    #[error("cannot get a mount namespace of our own")]
    Namespace {
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused to unmount.
    #[error("cannot unmount {}", target.display())]
    Unmount {
        /// The mount point.
        target: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests;
