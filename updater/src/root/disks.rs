//! The disks of this machine and the partitions in their tables.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;
use megh_model::boot::PartitionFact;
use megh_model::layout::PartitionRole;

use super::Places;

/// Devices that are made of others, or of memory.
const NOT_DISKS: [&str; 5] = ["loop", "ram", "zram", "dm-", "md"];

/// More partitions than any table of ours or of a foreign disk has.
const MAX_ENTRIES: u32 = 1024;
const ENTRY_SIZE: u32 = 128;

/// The kernel names of all disks and optical drives that have a size, sorted.
pub(crate) fn names(places: &Places) -> Vec<String> {
    let Ok(entries) = fs::read_dir(places.block_class()) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| is_whole_and_filled(&places.block_class().join(name)))
        .collect();
    names.sort();
    names
}

/// The partitions of all disks with a partition table. A disk that cannot be
/// read is as good as absent: it must not keep the machine from starting.
pub(crate) fn partitions(places: &Places) -> Vec<PartitionFact> {
    names(places)
        .iter()
        .flat_map(|disk| partitions_of(places, disk).unwrap_or_default())
        .collect()
}

fn partitions_of(places: &Places, disk: &str) -> Option<Vec<PartitionFact>> {
    let class = places.block_class().join(disk);
    let sector = match number(&class.join("queue/logical_block_size"))? {
        4096 => LogicalBlockSize::Lb4096,
        _ => LogicalBlockSize::Lb512,
    };
    let mut device = File::open(places.device(disk)).ok()?;
    if !has_usual_table(&mut device, sector.as_u64()) {
        return None;
    }
    let table = GptConfig::new()
        .writable(false)
        .logical_block_size(sector)
        .open_from_device(device)
        .ok()?;
    let fact = |(&number, partition): (&u32, &gpt::partition::Partition)| {
        Some(PartitionFact {
            disk: disk.to_owned(),
            device: device_of(&class, number)?,
            role: PartitionRole::of(&partition.name, partition.part_type_guid.guid),
            part_uuid: partition.part_guid,
        })
    };
    Some(table.partitions().iter().filter_map(fact).collect())
}

/// Whether a disk has a table, at its start or its end, and every table's
/// entries have the size and about the number that all tools write. The gpt
/// crate would panic on other sizes and allocate for any number.
fn has_usual_table(device: &mut File, sector: u64) -> bool {
    let Ok(end) = device.seek(SeekFrom::End(0)) else {
        return false;
    };
    let headers: Vec<[u8; 92]> = [sector, end.saturating_sub(sector)]
        .into_iter()
        .filter_map(|offset| {
            let mut header = [0; 92];
            device.read_exact_at(&mut header, offset).ok()?;
            header.starts_with(b"EFI PART").then_some(header)
        })
        .collect();
    let usual = |header: &[u8; 92]| {
        let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
        number(80) <= MAX_ENTRIES && number(84) == ENTRY_SIZE
    };
    !headers.is_empty() && headers.iter().all(usual)
}

/// The kernel's name of a disk's partition with this number.
fn device_of(disk_class: &Path, wanted: u32) -> Option<String> {
    fs::read_dir(disk_class).ok()?.find_map(|entry| {
        let entry = entry.ok()?;
        let found = number(&entry.path().join("partition"))?;
        (found == u64::from(wanted)).then(|| entry.file_name().into_string().ok())?
    })
}

fn is_whole_and_filled(class: &Path) -> bool {
    !class.join("partition").exists() && number(&class.join("size")).is_some_and(|size| size > 0)
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
