//! From the size of a disk to its partitions.

use serde::{Deserialize, Serialize};

use super::{
    ALIGNMENT, BIOS_AREA, BOOT_SLOT, ESP, MAX_STATE, MIN_POOL, MIN_STATE, PartitionRole, ROOT_SLOT,
    SMALL_DISK, SMALL_ROOT_SLOT,
};
use crate::boot::Firmware;
use crate::units::Bytes;

/// Entries of a partition table: 128 of 128 bytes, as everybody writes them.
const TABLE_BYTES: u64 = 128 * 128;

/// The logical sector size of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum SectorSize {
    /// 512 bytes.
    B512,
    /// 4096 bytes.
    B4096,
}

impl SectorSize {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::B512 => 512,
            Self::B4096 => 4096,
        }
    }
}

impl TryFrom<u32> for SectorSize {
    type Error = LayoutError;

    fn try_from(bytes: u32) -> Result<Self, LayoutError> {
        match bytes {
            512 => Ok(Self::B512),
            4096 => Ok(Self::B4096),
            _ => Err(LayoutError::SectorSize(bytes)),
        }
    }
}

impl From<SectorSize> for u32 {
    fn from(size: SectorSize) -> Self {
        match size {
            SectorSize::B512 => 512,
            SectorSize::B4096 => 4096,
        }
    }
}

/// One partition of a [`Layout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// What it is for.
    pub role: PartitionRole,
    /// Its first byte.
    pub start: u64,
    /// Its size.
    pub size: Bytes,
}

impl Partition {
    /// The first byte after it.
    pub const fn end(&self) -> u64 {
        self.start + self.size.0
    }
}

/// The division of one disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The disk's size.
    pub disk: Bytes,
    /// The disk's logical sector size.
    pub sector: SectorSize,
    /// The partitions, in order and without gaps.
    pub partitions: Vec<Partition>,
}

/// Why a disk cannot hold the system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Neither 512 nor 4096.
    #[error("its sectors have {0} bytes; only 512 and 4096 are supported")]
    SectorSize(u32),
    /// There is not enough room.
    #[error("too small: {size}, and at least {needed} are needed")]
    TooSmall {
        /// The disk's size.
        size: Bytes,
        /// The smallest that would do.
        needed: Bytes,
    },
    /// The firmware could not start from it.
    #[error("BIOS cannot start from a disk with 4096-byte sectors; switch the firmware to UEFI")]
    BiosSectors,
}

impl Layout {
    /// Divides a disk of `disk` bytes for a machine started by `firmware`.
    pub fn plan(disk: Bytes, sector: SectorSize, firmware: Firmware) -> Result<Self, LayoutError> {
        if firmware == Firmware::Bios && sector == SectorSize::B4096 {
            return Err(LayoutError::BiosSectors);
        }
        let end = usable_end(disk, sector);
        let state = state_size(disk);
        let fixed: u64 = fixed_sizes(disk, state).map(|(_, size)| size.0).sum();
        let pool = end.saturating_sub(ALIGNMENT.0 + fixed);
        if pool < MIN_POOL.0 {
            return Err(LayoutError::TooSmall {
                size: disk,
                needed: Self::smallest_disk(),
            });
        }
        let mut start = ALIGNMENT.0;
        let sizes = fixed_sizes(disk, state).chain([(PartitionRole::Pool, Bytes(pool))]);
        let partitions = sizes
            .map(|(role, size)| {
                let partition = Partition { role, start, size };
                start = partition.end();
                partition
            })
            .collect();
        Ok(Self {
            disk,
            sector,
            partitions,
        })
    }

    /// The smallest disk that [`Layout::plan`] accepts, whatever its sectors.
    pub fn smallest_disk() -> Bytes {
        let fixed: u64 = fixed_sizes(Bytes(0), MIN_STATE)
            .map(|(_, size)| size.0)
            .sum();
        Bytes(ALIGNMENT.0 + fixed + MIN_POOL.0 + ALIGNMENT.0)
    }

    /// The partition with this role; every layout has each.
    pub fn partition(&self, role: PartitionRole) -> &Partition {
        &self.partitions[role as usize]
    }
}

/// All partitions before the pool.
fn fixed_sizes(disk: Bytes, state: Bytes) -> impl Iterator<Item = (PartitionRole, Bytes)> {
    let root = if disk < SMALL_DISK {
        SMALL_ROOT_SLOT
    } else {
        ROOT_SLOT
    };
    PartitionRole::ALL.into_iter().filter_map(move |role| {
        let size = match role {
            PartitionRole::Bios => BIOS_AREA,
            PartitionRole::Esp | PartitionRole::EspSpare => ESP,
            PartitionRole::BootA | PartitionRole::BootB => BOOT_SLOT,
            PartitionRole::RootA | PartitionRole::RootB => root,
            PartitionRole::State => state,
            PartitionRole::Pool => return None,
        };
        Some((role, size))
    })
}

/// A 32nd of the disk within its bounds, aligned.
fn state_size(disk: Bytes) -> Bytes {
    let share = align_down(disk.0 / 32);
    Bytes(share.clamp(MIN_STATE.0, MAX_STATE.0))
}

/// The end of what partitions may use: before the second table, aligned.
fn usable_end(disk: Bytes, sector: SectorSize) -> u64 {
    let sectors = disk.0 / sector.bytes();
    let table = TABLE_BYTES.div_ceil(sector.bytes()) + 1;
    align_down(sectors.saturating_sub(table) * sector.bytes())
}

const fn align_down(bytes: u64) -> u64 {
    bytes - bytes % ALIGNMENT.0
}
