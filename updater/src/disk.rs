//! The disk that this system runs from, and its partitions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::boot::{BootRecord, BootSource, Firmware};
use megh_model::layout::PartitionRole;
use megh_model::slot::Slot;
use megh_model::verity::RootHash;

use crate::{Places, UpdateError, kept, root};

/// The running system, as far as the updater needs to know it.
#[derive(Debug, Clone)]
pub struct BootDisk {
    /// The slot in use.
    pub slot: Slot,
    /// How the machine was started.
    pub firmware: Firmware,
    /// The verity root hash of the running system.
    pub root_hash: RootHash,
    /// The version of the running system.
    pub version: String,
    /// The device nodes of the partitions.
    pub partitions: BTreeMap<PartitionRole, PathBuf>,
    /// The disk's name below `/dev`.
    pub name: String,
}

impl BootDisk {
    /// Finds it by what the initrd noted and by the tables of that disk alone.
    pub fn find(machine: &dyn Machine, places: &Places) -> Result<Self, UpdateError> {
        let record: BootRecord =
            kept::load(machine, &places.boot_record()).ok_or(UpdateError::NotInstalled)?;
        let BootSource::Disk { slot, disk, .. } = record.source else {
            return Err(UpdateError::NotInstalled);
        };
        let on_disk = root::disks::partitions(&root::Places::new(places.root()));
        let partitions = on_disk
            .into_iter()
            .filter(|partition| partition.disk == disk)
            .filter_map(|partition| Some((partition.role?, places.device(&partition.device))))
            .collect();
        let root_hash = record.root_hash.parse().map_err(|error| {
            let why = format!("{error}");
            UpdateError::Damaged {
                path: places.boot_record(),
                why,
            }
        })?;
        Ok(Self {
            slot,
            firmware: record.firmware,
            root_hash,
            version: running_version(machine, places)?,
            partitions,
            name: disk,
        })
    }

    /// The device of a partition.
    pub fn device(&self, role: PartitionRole) -> Result<&Path, UpdateError> {
        let found = self.partitions.get(&role).map(PathBuf::as_path);
        found.ok_or_else(|| UpdateError::NoPartition {
            disk: self.name.clone(),
            role,
        })
    }
}

/// `VERSION_ID` of the system's own description.
fn running_version(machine: &dyn Machine, places: &Places) -> Result<String, UpdateError> {
    let path = places.path("/usr/lib/os-release");
    let bytes = kept::read(machine, &path).map_err(UpdateError::file("read", &path))?;
    let text = String::from_utf8_lossy(&bytes);
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_ID="));
    let why = || UpdateError::Damaged {
        path,
        why: "it has no VERSION_ID".to_owned(),
    };
    Ok(version.ok_or_else(why)?.trim_matches('"').to_owned())
}
