//! Disks of machines.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::Lab;

/// Format of a disk's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The disk byte by byte, sparse.
    Raw,
    /// What was written over another file.
    Qcow2,
}

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// What a disk is plugged into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A virtio block device.
    Virtio,
    /// A USB port.
    Usb,
}

/// A disk: a file and how the machine sees it.
#[derive(Debug, Clone)]
pub struct Disk {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) serial: String,
    pub(crate) attachment: Attachment,
    pub(crate) cache: &'static str,
    pub(crate) log: Option<PathBuf>,
}

impl Disk {
    /// A blank disk of `bytes`, in the lab's folder.
    pub fn blank(lab: &Lab, serial: &str, bytes: u64) -> Result<Self> {
        let path = lab.path(&format!("{serial}.raw"));
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        file.set_len(bytes)
            .with_context(|| format!("sizing {}", path.display()))?;
        Ok(Self::raw(&path, serial))
    }

    /// A disk on an existing raw file.
    pub fn raw(path: &Path, serial: &str) -> Self {
        Self {
            path: path.to_owned(),
            format: Format::Raw,
            serial: serial.to_owned(),
            attachment: Attachment::Virtio,
            // A cut of the machine's power does not cut this host's: its page
            // cache is as safe as a disk for what the tests ask.
            cache: "unsafe",
            log: None,
        }
    }

    /// A disk on an existing qcow2 file.
    pub fn qcow2(path: &Path, serial: &str) -> Self {
        Self {
            format: Format::Qcow2,
            ..Self::raw(path, serial)
        }
    }

    /// A disk that starts with the content of `base` and leaves it untouched.
    pub fn overlay(lab: &Lab, base: &Path, serial: &str) -> Result<Self> {
        let path = lab.path(&format!("{serial}.qcow2"));
        Cmd::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .arg(base)
            .arg(&path)
            .run()?;
        Ok(Self::qcow2(&path, serial))
    }

    /// Copies a raw file, sparse where the original is.
    pub fn copy(from: &Path, to: &Path) -> Result<()> {
        Cmd::new("cp")
            .args(["--sparse=always", "--reflink=auto"])
            .args([from, to])
            .run()?;
        Ok(())
    }

    /// Like [`Disk::overlay`], and everything that the machine writes and
    /// flushes goes into a log beside it; see [`crate::write_log`].
    pub fn recorded(lab: &Lab, base: &Path, serial: &str) -> Result<Self> {
        let log = lab.path(&format!("{serial}.writes"));
        File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        Ok(Self {
            log: Some(log),
            ..Self::overlay(lab, base, serial)?
        })
    }

    /// The log of a recorded disk.
    pub fn log(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// Plugs it into a USB port instead.
    #[must_use]
    pub fn on_usb(mut self) -> Self {
        self.attachment = Attachment::Usb;
        self
    }

    /// Lets the machine's flushes reach this host's disk, for measurements.
    #[must_use]
    pub fn with_real_flushes(mut self) -> Self {
        self.cache = "writeback";
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The serial number the machine sees.
    pub fn serial(&self) -> &str {
        &self.serial
    }
}
