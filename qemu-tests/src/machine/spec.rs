//! What a machine is made of, before it is switched on.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Machine;
use crate::Lab;
use crate::disk::Disk;

/// What starts the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// OVMF, without Secure Boot.
    Uefi,
    /// OVMF with Secure Boot: only the key that signed the release is known.
    SecureOwn,
    /// OVMF with Secure Boot: Microsoft's keys as in a shop's machine, and the
    /// release's key in shim's list of the owner's keys.
    SecureVendor,
    /// OVMF that could do Secure Boot, without any key: in setup mode.
    SecureSetup,
    /// SeaBIOS.
    Bios,
}

impl Firmware {
    /// Its name in file names and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::SecureOwn => "secure-own",
            Self::SecureVendor => "secure-vendor",
            Self::SecureSetup => "secure-setup",
            Self::Bios => "bios",
        }
    }

    /// The firmware whose installed disks this one starts too: what an
    /// installation writes depends on the kind alone.
    pub const fn kind(self) -> Self {
        match self {
            Self::Bios => Self::Bios,
            Self::Uefi | Self::SecureOwn | Self::SecureVendor | Self::SecureSetup => Self::Uefi,
        }
    }

    pub(super) const fn is_uefi(self) -> bool {
        !matches!(self, Self::Bios)
    }

    pub(super) const fn is_secure(self) -> bool {
        matches!(
            self,
            Self::SecureOwn | Self::SecureVendor | Self::SecureSetup
        )
    }
}

/// How the release's ISO image reaches the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// As a disc in a drive.
    Iso,
    /// Written to a USB stick.
    Stick,
}

/// A machine to be switched on: nothing but firmware, a network card and a
/// serial port until more is added.
#[derive(Debug, Clone)]
pub struct MachineSpec {
    pub(super) name: String,
    pub(super) firmware: Firmware,
    pub(super) memory_mib: u32,
    pub(super) medium: Option<(Medium, PathBuf)>,
    pub(super) disks: Vec<Disk>,
    pub(super) direct_kernel: Option<DirectKernel>,
}

/// A kernel started by QEMU itself, past firmware and loaders.
#[derive(Debug, Clone)]
pub(super) struct DirectKernel {
    pub(super) kernel: PathBuf,
    pub(super) initrd: PathBuf,
    pub(super) command_line: String,
}

impl MachineSpec {
    /// A machine with this name in files and messages.
    pub fn new(name: &str, firmware: Firmware) -> Self {
        Self {
            name: name.to_owned(),
            firmware,
            memory_mib: 2048,
            medium: None,
            disks: Vec::new(),
            direct_kernel: None,
        }
    }

    /// Main memory; 2 GiB unless said otherwise.
    #[must_use]
    pub fn memory_mib(mut self, mib: u32) -> Self {
        self.memory_mib = mib;
        self
    }

    /// Inserts an ISO image, which the firmware tries before any disk.
    #[must_use]
    pub fn medium(mut self, medium: Medium, image: &Path) -> Self {
        self.medium = Some((medium, image.to_owned()));
        self
    }

    /// Adds a disk. The firmware tries disks in the order of their addition.
    #[must_use]
    pub fn disk(mut self, disk: &Disk) -> Self {
        self.disks.push(disk.clone());
        self
    }

    /// Starts this kernel instead of what the firmware would find.
    #[must_use]
    pub fn direct_kernel(mut self, kernel: &Path, initrd: &Path, command_line: &str) -> Self {
        self.direct_kernel = Some(DirectKernel {
            kernel: kernel.to_owned(),
            initrd: initrd.to_owned(),
            command_line: command_line.to_owned(),
        });
        self
    }

    /// Switches the machine on.
    pub fn start(self, lab: &Lab) -> Result<Machine> {
        Machine::start(lab, self)
    }

    /// Switches the machine on with its console in this terminal, and waits
    /// until it is off.
    pub fn run_in_terminal(&self, lab: &Lab, https_port: u16) -> Result<()> {
        super::running::run_in_terminal(lab, self, https_port)
    }
}
