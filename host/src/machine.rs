//! The seam between what is decided and the machine it is done to.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::command::{Cmd, CommandError, Output};
use crate::disk::{RawDisk, SystemDisk};
use crate::efi::{self, BootEntries, EfiError, SecureBootKeys};
use crate::file;
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

    /// Opens a disk for writing, for this process alone.
    fn open_disk(&self, path: &Path) -> io::Result<Box<dyn RawDisk>>;

    /// Opens a file for reading.
    fn open_file(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;

    /// Writes a file to the end of `content`, with the directories above it,
    /// and waits until it has reached the medium.
    fn write_file(&self, path: &Path, content: &mut dyn Read) -> io::Result<u64>;

    /// Writes over a small file in place, and waits until it has reached the
    /// medium: a file that keeps its size keeps its place.
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        file::overwrite(path, bytes)
    }

    /// Gives a file that was written under another name its own, in place of an
    /// older one, and waits until that has reached the medium.
    fn put_in_place(&self, from: &Path, to: &Path) -> io::Result<()> {
        file::put_in_place(from, to)
    }

    /// Removes a file if it is there, and waits until that has reached the medium.
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        file::remove(path)
    }

    /// Opens a device or file for reading and writing at any place, a device
    /// for this process alone. A file that is absent is made.
    fn open_target(&self, path: &Path) -> io::Result<File> {
        file::open_target(path)
    }

    /// Makes boot entries in the firmware.
    fn register_boot(&self, entries: &BootEntries) -> Result<(), EfiError>;

    /// Enrols Secure Boot keys in firmware that is in setup mode.
    fn enrol_secure_boot(&self, keys: &SecureBootKeys) -> Result<(), EfiError>;
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

    fn open_disk(&self, path: &Path) -> io::Result<Box<dyn RawDisk>> {
        Ok(Box::new(SystemDisk::open(path)?))
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(path)?))
    }

    fn write_file(&self, path: &Path, content: &mut dyn Read) -> io::Result<u64> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(path)?;
        let written = io::copy(content, &mut file)?;
        file.sync_all()?;
        Ok(written)
    }

    fn register_boot(&self, entries: &BootEntries) -> Result<(), EfiError> {
        efi::register(entries)
    }

    fn enrol_secure_boot(&self, keys: &SecureBootKeys) -> Result<(), EfiError> {
        efi::enrol(keys)
    }
}
