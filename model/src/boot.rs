//! From where this machine was started, and what that means.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::layout::PartitionRole;
use crate::slot::Slot;

/// Where the initrd leaves [`BootRecord`] for the running system.
pub const BOOT_RECORD_PATH: &str = "/run/meghos/boot.json";

/// Where the file system of an installation medium is mounted when the machine
/// was started from one; the release lies in its directory `meghos`.
pub const MEDIUM_PATH: &str = "/run/meghos/medium";

/// The directory of the release below the root of a medium.
pub const MEDIUM_RELEASE_DIR: &str = "meghos";

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

/// A partition as found in the tables of all disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFact {
    /// The whole disk, as a kernel name below `/dev`.
    pub disk: String,
    /// The partition, as a kernel name below `/dev`.
    pub device: String,
    /// What it is for by its name and type in the table, if it is one of ours.
    pub role: Option<PartitionRole>,
    /// The partition's own identity (PARTUUID).
    pub part_uuid: Uuid,
}

/// The partitions of one disk that a slot runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskRoot {
    /// The slot in use.
    pub slot: Slot,
    /// The whole disk, as a kernel name below `/dev`.
    pub disk: String,
    /// PARTUUID of the boot partition that the kernel came from.
    pub boot_partition: Uuid,
    /// The slot's root partition, as a kernel name below `/dev`.
    pub root: String,
    /// The state partition, as a kernel name below `/dev`.
    pub state: String,
}

/// Where to look for the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootSource {
    /// On the disk whose boot partition the kernel came from.
    Disk(DiskRoot),
    /// In a file on an installation medium.
    Medium,
    /// The disk with the boot partition has not appeared yet. A loader that was
    /// itself started from a medium may name a partition that never appears:
    /// then it is the medium after all.
    NotYet,
}

/// Why the partitions found cannot be started from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootSourceError {
    /// Copied disks: nothing tells which one the loader meant.
    #[error(
        "boot partition {uuid} is on {first} and on {second}: one disk is a copy of the other; remove one"
    )]
    Ambiguous {
        /// The PARTUUID in question.
        uuid: Uuid,
        /// One disk.
        first: String,
        /// Another disk.
        second: String,
    },
    /// A boot partition without its siblings.
    #[error(
        "disk {disk} has {count} partitions `{role}` beside the boot partition; there must be one"
    )]
    Sibling {
        /// The disk.
        disk: String,
        /// The partition looked for.
        role: PartitionRole,
        /// How many there are.
        count: usize,
    },
}

/// Decides from where this machine runs. `boot_partition` is what the loader
/// said: `LoaderDevicePartUUID` on UEFI, [`CMDLINE_BOOT_PARTITION`] on BIOS.
///
/// Only the disk that holds that partition is looked at, and on it partitions
/// are told by type and name; labels and file systems are never consulted.
pub fn root_source(
    boot_partition: Option<Uuid>,
    partitions: &[PartitionFact],
) -> Result<RootSource, RootSourceError> {
    let Some(uuid) = boot_partition else {
        return Ok(RootSource::Medium);
    };
    let mut named = partitions
        .iter()
        .filter(|partition| partition.part_uuid == uuid);
    let Some(boot) = named.next() else {
        return Ok(RootSource::NotYet);
    };
    let is_boot = |slot: &Slot| boot.role == Some(PartitionRole::boot(*slot));
    let Some(slot) = Slot::ALL.into_iter().find(is_boot) else {
        return Ok(RootSource::Medium);
    };
    if let Some(other) = named.next() {
        return Err(RootSourceError::Ambiguous {
            uuid,
            first: boot.disk.clone(),
            second: other.disk.clone(),
        });
    }
    Ok(RootSource::Disk(DiskRoot {
        slot,
        disk: boot.disk.clone(),
        boot_partition: uuid,
        root: sibling(partitions, &boot.disk, PartitionRole::root(slot))?,
        state: sibling(partitions, &boot.disk, PartitionRole::State)?,
    }))
}

/// The device of the one partition with that role on a disk.
fn sibling(
    partitions: &[PartitionFact],
    disk: &str,
    role: PartitionRole,
) -> Result<String, RootSourceError> {
    let is_it = |partition: &&PartitionFact| partition.disk == disk && partition.role == Some(role);
    let found: Vec<&PartitionFact> = partitions.iter().filter(is_it).collect();
    match found[..] {
        [one] => Ok(one.device.clone()),
        _ => Err(RootSourceError::Sibling {
            disk: disk.to_owned(),
            role,
            count: found.len(),
        }),
    }
}

#[cfg(test)]
mod tests;
