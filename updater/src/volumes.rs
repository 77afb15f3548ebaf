//! The small file systems of the disk, mounted while they are worked on.

use std::collections::BTreeMap;
use std::path::Path;

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};
use megh_model::layout::PartitionRole;
use megh_model::slot::Slot;

use crate::boot_env::EnvStore;
use crate::{BootDisk, Places, UpdateError};

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Both EFI system partitions and both boot partitions. One that cannot be
/// mounted is left out: slot B's has no file system before the first update.
pub(crate) struct Volumes<'m> {
    mounts: BTreeMap<PartitionRole, Mount<'m>>,
}

const ROLES: [PartitionRole; 4] = [
    PartitionRole::Esp,
    PartitionRole::EspSpare,
    PartitionRole::BootA,
    PartitionRole::BootB,
];

impl<'m> Volumes<'m> {
    /// Mounts what can be mounted.
    pub(crate) fn open(
        machine: &'m dyn Machine,
        places: &Places,
        disk: &BootDisk,
        access: Access,
    ) -> Self {
        let mut mounts = BTreeMap::new();
        for role in ROLES {
            match mount(machine, places, disk, role, access) {
                Ok(mount) => drop(mounts.insert(role, mount)),
                Err(error) => tracing::info!(%role, %error, "a partition is not mounted"),
            }
        }
        Self { mounts }
    }

    /// Where a partition is mounted, if it is.
    pub(crate) fn path(&self, role: PartitionRole) -> Option<&Path> {
        self.mounts.get(&role).map(Mount::path)
    }

    /// A slot's boot partition, if it is mounted.
    pub(crate) fn boot(&self, slot: Slot) -> Option<&Path> {
        self.path(PartitionRole::boot(slot))
    }

    /// The boot environment. Copies on partitions that are not mounted are as
    /// good as absent.
    pub(crate) fn env(&self) -> EnvStore {
        let path = |role| self.path(role).map(Path::to_owned);
        EnvStore::of_mounted(path(PartitionRole::Esp), path(PartitionRole::EspSpare))
    }

    /// The EFI system partitions that are not mounted.
    pub(crate) fn missing_esps(&self) -> Vec<PartitionRole> {
        let both = [PartitionRole::Esp, PartitionRole::EspSpare];
        let missing = both.into_iter().filter(|role| self.path(*role).is_none());
        missing.collect()
    }

    /// Unmounts a partition, so that something else can be done with it.
    pub(crate) fn close(&mut self, role: PartitionRole) -> Result<(), UpdateError> {
        match self.mounts.remove(&role) {
            Some(mount) => Ok(mount.release()?),
            None => Ok(()),
        }
    }

    /// Unmounts all and says whether everything reached the medium.
    pub(crate) fn release(mut self) -> Result<(), UpdateError> {
        for role in ROLES {
            self.close(role)?;
        }
        Ok(())
    }
}

/// Mounts one of them.
pub(crate) fn mount<'m>(
    machine: &'m dyn Machine,
    places: &Places,
    disk: &BootDisk,
    role: PartitionRole,
    access: Access,
) -> Result<Mount<'m>, UpdateError> {
    let spec = MountSpec::device(disk.device(role)?, places.mount(role), "vfat")
        .option("nosuid")
        .option("nodev")
        .option("noexec")
        .option("umask=0077");
    let spec = match access {
        Access::Read => spec.read_only(),
        Access::Write => spec,
    };
    Ok(Mount::on(machine, &spec)?)
}
