//! A file, or a stretch of a disk, as a block device.

use std::path::{Path, PathBuf};

use crate::command::{Cmd, CommandError};
use crate::{Machine, System};

/// A description of a loop device, not yet attached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a description attaches nothing"]
pub struct LoopSpec {
    file: PathBuf,
    offset: u64,
    size: Option<u64>,
    sector_size: Option<u32>,
    read_only: bool,
    direct: bool,
    partitions: bool,
}

impl LoopSpec {
    /// The whole of a file or disk.
    pub fn whole(file: impl AsRef<Path>) -> Self {
        Self {
            file: file.as_ref().to_owned(),
            offset: 0,
            size: None,
            sector_size: None,
            read_only: false,
            direct: false,
            partitions: false,
        }
    }

    /// `size` bytes from `offset`.
    pub fn part(file: impl AsRef<Path>, offset: u64, size: u64) -> Self {
        Self {
            offset,
            size: Some(size),
            ..Self::whole(file)
        }
    }

    /// The logical sector size to present, when not 512.
    pub const fn sector_size(mut self, bytes: u32) -> Self {
        self.sector_size = Some(bytes);
        self
    }

    /// Forbids writing.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Goes around the page cache of the file below, where that can be done.
    pub const fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    /// Has the kernel look for partitions in it.
    pub const fn partitions(mut self) -> Self {
        self.partitions = true;
        self
    }

    fn attach_command(&self) -> Cmd {
        let mut cmd = Cmd::new("losetup").args(["--find", "--show"]);
        if self.offset > 0 {
            cmd = cmd.arg(format!("--offset={}", self.offset));
        }
        if let Some(size) = self.size {
            cmd = cmd.arg(format!("--sizelimit={size}"));
        }
        if let Some(bytes) = self.sector_size {
            cmd = cmd.arg(format!("--sector-size={bytes}"));
        }
        for (wanted, flag) in [
            (self.read_only, "--read-only"),
            (self.direct, "--direct-io=on"),
            (self.partitions, "--partscan"),
        ] {
            if wanted {
                cmd = cmd.arg(flag);
            }
        }
        cmd.arg(&self.file)
    }
}

/// A loop device that is detached when this is dropped.
#[derive(Debug)]
#[must_use = "the device is detached when this is dropped"]
pub struct LoopDevice<'m> {
    machine: &'m dyn Machine,
    path: PathBuf,
    owned: bool,
}

impl LoopDevice<'static> {
    /// Attaches a loop device on this machine.
    pub fn attach(spec: &LoopSpec) -> Result<Self, CommandError> {
        Self::attach_on(&System, spec)
    }
}

impl<'m> LoopDevice<'m> {
    /// Attaches a loop device on `machine`.
    pub fn attach_on(machine: &'m dyn Machine, spec: &LoopSpec) -> Result<Self, CommandError> {
        let path = PathBuf::from(machine.run(&spec.attach_command())?.text());
        Ok(Self {
            machine,
            path,
            owned: true,
        })
    }

    /// The device node.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Detaches now and says whether that worked.
    pub fn release(mut self) -> Result<(), CommandError> {
        self.machine.run(&self.detach_command())?;
        self.owned = false;
        Ok(())
    }

    /// Leaves it attached for good.
    pub fn keep(mut self) -> PathBuf {
        self.owned = false;
        self.path.clone()
    }

    fn detach_command(&self) -> Cmd {
        Cmd::new("losetup").arg("--detach").arg(&self.path)
    }
}

impl Drop for LoopDevice<'_> {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        if let Err(error) = self.machine.run(&self.detach_command()) {
            tracing::warn!(%error, "a loop device stays behind");
        }
    }
}
