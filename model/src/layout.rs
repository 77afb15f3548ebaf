//! How a disk of MeghOS is divided, and why some disks cannot be.
//!
//! Everything here is in bytes; the sector size only says where the usable
//! space ends and whether a number is whole. Identities (disk and partition
//! GUIDs) are drawn at random by whoever writes the table: nothing is ever
//! found by a fixed name or label.

mod partition;
mod plan;
#[cfg(test)]
mod tests;

pub use partition::PartitionRole;
pub use plan::{Layout, LayoutError, Partition, SectorSize};

use crate::units::Bytes;

/// Every partition starts and ends on a multiple of this.
pub const ALIGNMENT: Bytes = Bytes::mib(1);
/// Disks smaller than this get the small root slots.
pub const SMALL_DISK: Bytes = Bytes::gib(32);
/// Size of a root slot.
pub const ROOT_SLOT: Bytes = Bytes::gib(4);
/// Size of a root slot on a disk smaller than [`SMALL_DISK`].
pub const SMALL_ROOT_SLOT: Bytes = Bytes::mib(1536);
/// Size of a boot slot.
pub const BOOT_SLOT: Bytes = Bytes::mib(512);
/// Size of the partition for GRUB's core image.
pub const BIOS_AREA: Bytes = Bytes::mib(2);
/// Size of either EFI system partition.
pub const ESP: Bytes = Bytes::mib(256);
/// The smallest state partition.
pub const MIN_STATE: Bytes = Bytes::gib(8);
/// The largest state partition; in between it is a 32nd of the disk.
pub const MAX_STATE: Bytes = Bytes::gib(64);
/// The smallest pool that is worth having.
pub const MIN_POOL: Bytes = Bytes::gib(1);
