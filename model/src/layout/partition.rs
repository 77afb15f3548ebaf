//! What each partition is for.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::slot::Slot;

/// The purpose of a partition; also its name in the partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionRole {
    /// GRUB's core image, for BIOS.
    Bios,
    /// Loaders and the first copy of the boot environment.
    Esp,
    /// Loaders and the second copy of the boot environment.
    EspSpare,
    /// Slot A's unified kernel image, kernel and initrd.
    BootA,
    /// Slot B's unified kernel image, kernel and initrd.
    BootB,
    /// Slot A's root file system with its verity tree.
    RootA,
    /// Slot B's root file system with its verity tree.
    RootB,
    /// Everything that changes, except the pool.
    State,
    /// The volume group of instances and images.
    Pool,
}

const BIOS_BOOT: Uuid = uuid!("21686148-6449-6e6f-744e-656564454649");
const EFI_SYSTEM: Uuid = uuid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
const MEGH_BOOT: Uuid = uuid!("6d656768-6f73-4001-8001-626f6f740000");
const MEGH_ROOT: Uuid = uuid!("6d656768-6f73-4001-8002-726f6f740000");
const MEGH_STATE: Uuid = uuid!("6d656768-6f73-4001-8003-737461746500");
const LINUX_LVM: Uuid = uuid!("e6d6d379-f507-44c2-a23c-238f2a3df928");

impl PartitionRole {
    /// All of them, in the order in which they lie on the disk: data last.
    pub const ALL: [Self; 9] = [
        Self::Bios,
        Self::Esp,
        Self::EspSpare,
        Self::BootA,
        Self::BootB,
        Self::RootA,
        Self::RootB,
        Self::State,
        Self::Pool,
    ];

    /// The boot partition of a slot.
    pub const fn boot(slot: Slot) -> Self {
        match slot {
            Slot::A => Self::BootA,
            Slot::B => Self::BootB,
        }
    }

    /// The root partition of a slot.
    pub const fn root(slot: Slot) -> Self {
        match slot {
            Slot::A => Self::RootA,
            Slot::B => Self::RootB,
        }
    }

    /// The slot it belongs to, if to one.
    pub const fn slot(self) -> Option<Slot> {
        match self {
            Self::BootA | Self::RootA => Some(Slot::A),
            Self::BootB | Self::RootB => Some(Slot::B),
            _ => None,
        }
    }

    /// Its number in the table, from 1.
    pub const fn number(self) -> u32 {
        self as u32 + 1
    }

    /// Its name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bios => "bios",
            Self::Esp => "esp",
            Self::EspSpare => "esp-spare",
            Self::BootA => "boot-a",
            Self::BootB => "boot-b",
            Self::RootA => "root-a",
            Self::RootB => "root-b",
            Self::State => "state",
            Self::Pool => "pool",
        }
    }

    /// Its type in the table.
    pub const fn type_guid(self) -> Uuid {
        match self {
            Self::Bios => BIOS_BOOT,
            Self::Esp | Self::EspSpare => EFI_SYSTEM,
            Self::BootA | Self::BootB => MEGH_BOOT,
            Self::RootA | Self::RootB => MEGH_ROOT,
            Self::State => MEGH_STATE,
            Self::Pool => LINUX_LVM,
        }
    }

    /// The role of a partition with this name and type, if it is one of ours.
    pub fn of(name: &str, type_guid: Uuid) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name && role.type_guid() == type_guid)
    }
}

impl fmt::Display for PartitionRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
