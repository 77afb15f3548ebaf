//! What is on a disk and who uses it, in words.

use megh_model::layout::PartitionRole;
use megh_model::units::Bytes;

use super::lsblk::Node;

/// How many partitions are named one by one.
const NAMED: usize = 4;

/// What is on the disk.
pub(super) fn describe(disk: &Node) -> String {
    let partitions: Vec<&Node> = disk
        .children
        .iter()
        .filter(|child| child.kind == "part")
        .collect();
    if partitions.is_empty() {
        return match (&disk.fstype, &disk.pttype) {
            (Some(fs), _) => file_system(fs, disk),
            (None, Some(table)) => format!("an empty {} partition table", table.to_uppercase()),
            (None, None) => "nothing known".to_owned(),
        };
    }
    if partitions
        .iter()
        .filter(|part| role(part).is_some())
        .count()
        >= 4
    {
        return "an installation of MeghOS".to_owned();
    }
    let mut words: Vec<String> = partitions
        .iter()
        .take(NAMED)
        .map(|part| partition(part))
        .collect();
    if partitions.len() > NAMED {
        words.push(format!("{} more", partitions.len() - NAMED));
    }
    words.join(", ")
}

/// Who uses the disk or anything on it. An active LVM volume that is not
/// mounted is no use: the group can be deactivated.
pub(super) fn uses(disk: &Node) -> Vec<String> {
    let mut uses = Vec::new();
    for node in disk.tree() {
        match node.kind.as_str() {
            "disk" | "part" | "lvm" | "rom" => {}
            "crypt" => uses.push(format!("{} is an open encrypted volume", node.name)),
            "mpath" => uses.push(format!(
                "it is one path of the multipath disk {}",
                node.name
            )),
            raid if raid.starts_with("raid") => {
                uses.push(format!("it is part of the RAID array {}", node.name))
            }
            other => uses.push(format!("{} ({other}) lies on it", node.name)),
        }
        uses.extend(node.mounts().map(|at| match at {
            "[SWAP]" => format!("{} is swap space in use", node.name),
            at => format!("{} is mounted on {at}", node.name),
        }));
    }
    uses.dedup();
    uses
}

fn role(part: &Node) -> Option<PartitionRole> {
    PartitionRole::of(
        part.partlabel.as_deref()?,
        part.parttype.as_deref()?.parse().ok()?,
    )
}

fn partition(part: &Node) -> String {
    let size = Bytes(part.size.unwrap_or(0));
    let what = match (&part.fstype, part.text(&part.partlabel)) {
        (Some(fs), _) => file_system(fs, part),
        (None, Some(label)) => format!("\"{label}\""),
        (None, None) => "unknown data".to_owned(),
    };
    format!("{what} {size}")
}

/// The file system with its label; well-known kinds by the name people use.
fn file_system(fs: &str, node: &Node) -> String {
    let name = match fs {
        "ntfs" => "Windows (NTFS)",
        "vfat" => "FAT",
        "LVM2_member" => "LVM",
        "crypto_LUKS" => "encrypted (LUKS)",
        "linux_raid_member" => "RAID member",
        "zfs_member" => "ZFS",
        "iso9660" => "ISO image",
        "BitLocker" => "Windows (BitLocker)",
        other => other,
    };
    match node.text(&node.label) {
        Some(label) => format!("{name} \"{label}\""),
        None => name.to_owned(),
    }
}
