//! From where this machine was started, and what that means.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::slot::Slot;

/// Where the initrd leaves [`BootRecord`] for the running system.
pub const BOOT_RECORD_PATH: &str = "/run/meghos/boot.json";

/// Where the file system of an installation medium is mounted when the machine
/// was started from one; the release lies in its directory `meghos`.
pub const MEDIUM_PATH: &str = "/run/meghos/medium";

/// Kernel command line key with the verity root hash (64 hex digits).
pub const CMDLINE_ROOT_HASH: &str = "megh.roothash";
/// Kernel command line key with the byte offset of the verity tree in the root part.
pub const CMDLINE_HASH_OFFSET: &str = "megh.hashoffset";
/// Kernel command line key with the PARTUUID of the boot partition, set by
/// GRUB on BIOS machines; UEFI machines have `LoaderDevicePartUUID` instead.
pub const CMDLINE_BOOT_PARTITION: &str = "megh.boot";

/// How the firmware started the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Firmware {
    /// UEFI.
    Uefi,
    /// BIOS, or UEFI's compatibility module.
    Bios,
}

/// What the running root file system came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BootSource {
    /// An installed disk.
    Disk {
        /// The slot in use.
        slot: Slot,
        /// The whole disk, as a kernel name below `/dev`.
        disk: String,
        /// PARTUUID of the boot partition that the kernel came from.
        boot_partition: Uuid,
    },
    /// A CD, an ISO image on a stick, or the like; state lives in memory.
    Medium {
        /// The device that holds the ISO9660 file system.
        device: String,
    },
}

/// The record the initrd leaves at [`BOOT_RECORD_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootRecord {
    /// How the machine was started.
    pub firmware: Firmware,
    /// What the root came from.
    pub source: BootSource,
    /// The verity root hash that was checked, lower-case hex.
    pub root_hash: String,
}
