//! The disks of this machine: what they are, what is on them, who uses them.
//!
//! [`inventory`] only reads. Whether a disk may be installed on is decided
//! elsewhere, from what is found here.

mod contents;
mod lsblk;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use megh_model::answers::DiskFacts;
use megh_model::units::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::Machine;
use crate::command::{Cmd, CommandError};
use lsblk::{Listing, Node};

/// One whole disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The kernel's name: `sda`.
    pub name: String,
    /// The device node.
    pub path: PathBuf,
    /// Names below `/dev/disk/by-id`, sorted.
    pub by_id: Vec<String>,
    /// The model, when it has one.
    pub model: Option<String>,
    /// The serial number, when it has one.
    pub serial: Option<String>,
    /// The world wide name, when it has one.
    pub wwn: Option<String>,
    /// How it is attached: `nvme`, `sata`, `usb`, `virtio` …
    pub bus: Option<String>,
    /// Its size.
    pub size: Bytes,
    /// The smallest unit that it addresses.
    pub logical_sector: u32,
    /// The smallest unit that it writes at once.
    pub physical_sector: u32,
    /// Whether its medium can be taken out or it can be unplugged.
    pub removable: bool,
    /// Whether it spins.
    pub rotational: bool,
    /// Whether it refuses writing.
    pub read_only: bool,
    /// Whether this system was started from it.
    pub boot_medium: bool,
    /// What is on it, in words.
    pub contents: String,
    /// Identities of its partitions.
    pub partitions: Vec<Uuid>,
    /// Who uses it now, in words; empty when nobody does.
    pub uses: Vec<String>,
    /// LVM volume groups with a physical volume on it.
    pub volume_groups: Vec<VolumeGroupUse>,
}

/// A volume group that lies on a disk, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VolumeGroupUse {
    /// Its name.
    pub name: String,
    /// Its other disks or partitions, which do not lie on this disk.
    pub elsewhere: Vec<String>,
}

impl Disk {
    /// What an unattended installation may ask for.
    pub fn facts(&self) -> DiskFacts<'_> {
        DiskFacts {
            by_id: &self.by_id,
            serial: self.serial.as_deref(),
            wwn: self.wwn.as_deref(),
            model: self.model.as_deref(),
            bus: self.bus.as_deref(),
            size: self.size,
        }
    }
}

/// Where the system keeps what `lsblk` does not tell; another root in tests.
#[derive(Debug, Clone)]
pub struct Places {
    /// `/dev/disk/by-id`.
    pub by_id: PathBuf,
    /// `/sys/class/block`.
    pub sys_block: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            by_id: "/dev/disk/by-id".into(),
            sys_block: "/sys/class/block".into(),
        }
    }
}

/// Lists the disks, by name. `boot_device` is the device node, of a disk or of
/// a partition, that this system was started from.
pub fn inventory(
    machine: &dyn Machine,
    places: &Places,
    boot_device: Option<&Path>,
) -> Result<Vec<Disk>, CommandError> {
    let listing: Listing = machine.json(&lsblk::command())?;
    let volumes = match listing.has_lvm() {
        true => physical_volumes(machine)?,
        false => Vec::new(),
    };
    let mut disks: Vec<Disk> = listing
        .disks()
        .map(|node| disk(node, places, boot_device, &volumes))
        .collect();
    disks.sort_by_key(|disk| natural(&disk.name));
    Ok(disks)
}

/// A physical volume and its group, as LVM reports them.
#[derive(Debug)]
struct PhysicalVolume {
    device: String,
    group: String,
}

fn physical_volumes(machine: &dyn Machine) -> Result<Vec<PhysicalVolume>, CommandError> {
    let args = [
        "--noheadings",
        "--separator",
        "|",
        "--options",
        "pv_name,vg_name",
    ];
    let output = machine.run(&Cmd::new("pvs").args(args))?.text();
    let row = |line: &str| {
        let (device, group) = line.trim().split_once('|')?;
        let used = !group.is_empty();
        used.then(|| PhysicalVolume {
            device: device.to_owned(),
            group: group.to_owned(),
        })
    };
    Ok(output.lines().filter_map(row).collect())
}

fn disk(node: &Node, places: &Places, boot: Option<&Path>, volumes: &[PhysicalVolume]) -> Disk {
    Disk {
        by_id: by_id(&places.by_id, &node.name),
        model: node.text(&node.model),
        serial: node
            .text(&node.serial)
            .or_else(|| sys_serial(&places.sys_block, &node.name)),
        wwn: node.text(&node.wwn),
        bus: node.bus(),
        size: Bytes(node.size.unwrap_or(0)),
        logical_sector: node.log_sec.unwrap_or(512),
        physical_sector: node.phy_sec.unwrap_or(512),
        removable: node.rm || node.hotplug,
        rotational: node.rota,
        read_only: node.ro,
        boot_medium: boot.is_some_and(|boot| node.tree().any(|n| n.path == boot)),
        contents: contents::describe(node),
        partitions: node
            .tree()
            .filter_map(|n| n.partuuid.as_deref()?.parse().ok())
            .collect(),
        uses: contents::uses(node),
        volume_groups: groups(node, volumes),
        name: node.name.clone(),
        path: node.path.clone(),
    }
}

/// The groups with a volume on this disk, each with where else it lies.
fn groups(disk: &Node, volumes: &[PhysicalVolume]) -> Vec<VolumeGroupUse> {
    let here = |volume: &&PhysicalVolume| disk.tree().any(|n| n.path == Path::new(&volume.device));
    let mut names: Vec<&str> = volumes
        .iter()
        .filter(here)
        .map(|v| v.group.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let group = |name: &str| VolumeGroupUse {
        name: name.to_owned(),
        elsewhere: volumes
            .iter()
            .filter(|v| v.group == name && !here(v))
            .map(|v| v.device.clone())
            .collect(),
    };
    names.into_iter().map(group).collect()
}

fn by_id(dir: &Path, name: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut ids: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|e| fs::read_link(e.path()).is_ok_and(|to| to.file_name() == Some(name.as_ref())))
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    ids.sort_unstable();
    ids
}

/// Some drivers (virtio) tell the serial number only here.
fn sys_serial(sys_block: &Path, name: &str) -> Option<String> {
    let read = |file: &str| fs::read_to_string(sys_block.join(name).join(file)).ok();
    let text = read("serial").or_else(|| read("device/serial"))?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A key that puts `sdb` before `sdaa` and `nvme2n1` before `nvme10n1`.
fn natural(name: &str) -> (String, usize, Vec<u64>, String) {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let prefix = name
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .take(2)
        .collect();
    let numbers = name
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    let stem_len = name.chars().take_while(char::is_ascii_alphabetic).count();
    (prefix, stem_len, numbers, letters.to_owned())
}
