//! Everything that an installation will do, decided before it does anything.

use std::fmt;
use std::path::PathBuf;

use megh_host::block::Disk;
use megh_model::answers::{SiteConfig, VolumeGroup};
use megh_model::boot::Firmware;
use megh_model::layout::{Layout, PartitionRole};
use megh_model::name::Name;
use megh_model::release::{PartKind, VerifiedManifest};
use megh_model::units::Bytes;
use serde::Serialize;

/// How many characters of the serial number confirm a choice.
const CONFIRMATION: usize = 4;

/// A decided installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The version that will run.
    pub version: String,
    /// How the machine was started.
    pub firmware: Firmware,
    /// The disk's device node.
    pub device: PathBuf,
    /// The disk in words: model, serial number, size.
    pub disk: String,
    /// What will be lost.
    pub loses: String,
    /// Volume groups on the disk that are deactivated first.
    pub deactivate: Vec<String>,
    /// The division of the disk.
    pub layout: Layout,
    /// The machine's name.
    pub host_name: Name,
    /// The volume group of its pool.
    pub volume_group: VolumeGroup,
    /// Whether firmware in setup mode gets the release's Secure Boot keys.
    pub enrol_secure_boot: bool,
    /// What a person types to confirm.
    pub confirmation: String,
}

/// What must be drawn at random for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// For the volume group's name.
    pub volume_group: u32,
    /// For the machine's name when nobody gave one.
    pub host: u16,
}

impl Draws {
    /// Draws them.
    pub fn random() -> Self {
        Self {
            volume_group: rand::random(),
            host: rand::random(),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The release grew out of the layout of this disk.
    #[error("part {part} has {size}, and partition {partition} of this disk only {room}")]
    PartTooLarge {
        /// The part.
        part: PartKind,
        /// Its size.
        size: Bytes,
        /// Where it belongs.
        partition: PartitionRole,
        /// What fits there.
        room: Bytes,
    },
}

impl Plan {
    /// Decides an installation of the release in `manifest` on `disk`.
    pub fn new(
        disk: &Disk,
        layout: &Layout,
        firmware: Firmware,
        manifest: &VerifiedManifest,
        host_name: Option<Name>,
        draws: Draws,
    ) -> Result<Self, PlanError> {
        fits(layout, manifest, PartKind::Root, PartitionRole::RootA)?;
        fits(layout, manifest, PartKind::BiosCore, PartitionRole::Bios)?;
        Ok(Self {
            version: manifest.version().to_string(),
            firmware,
            device: disk.path.clone(),
            disk: in_words(disk),
            loses: disk.contents.clone(),
            deactivate: disk
                .volume_groups
                .iter()
                .map(|group| group.name.clone())
                .collect(),
            layout: layout.clone(),
            host_name: host_name.unwrap_or_else(|| default_name(draws.host)),
            volume_group: VolumeGroup::from_random(draws.volume_group),
            enrol_secure_boot: false,
            confirmation: confirmation(disk),
        })
    }

    /// What the machine will know about itself.
    pub fn site(&self) -> SiteConfig {
        SiteConfig::new(self.host_name.clone(), self.volume_group.clone())
    }
}

fn fits(
    layout: &Layout,
    manifest: &VerifiedManifest,
    part: PartKind,
    partition: PartitionRole,
) -> Result<(), PlanError> {
    let (size, room) = (
        Bytes(manifest.part(part).size),
        layout.partition(partition).size,
    );
    match size > room {
        true => Err(PlanError::PartTooLarge {
            part,
            size,
            partition,
            room,
        }),
        false => Ok(()),
    }
}

/// A name that two machines in a rack rarely share.
fn default_name(number: u16) -> Name {
    format!("meghos-{number:04x}")
        .parse()
        .expect("letters, a dash and hex digits are a name")
}

/// `Samsung SSD 980 1TB, serial S4EVNX0M, 931.5 GiB (nvme0n1)`.
pub fn in_words(disk: &Disk) -> String {
    let model = disk.model.as_deref().unwrap_or("disk without a model name");
    match &disk.serial {
        Some(serial) => format!("{model}, serial {serial}, {} ({})", disk.size, disk.name),
        None => format!("{model}, {} ({})", disk.size, disk.name),
    }
}

/// The last letters and digits of the serial number, or of the disk's name
/// when it has no serial number.
fn confirmation(disk: &Disk) -> String {
    let last = |text: &str| {
        let characters: Vec<char> = text.chars().filter(char::is_ascii_alphanumeric).collect();
        characters[characters.len().saturating_sub(CONFIRMATION)..]
            .iter()
            .collect::<String>()
    };
    let serial = disk
        .serial
        .as_deref()
        .map(last)
        .filter(|text| !text.is_empty());
    serial.unwrap_or_else(|| last(&disk.name))
}

/// The plan as people read it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "MeghOS {} on {}", self.version, self.disk)?;
        writeln!(f, "Everything on it is lost: {}", self.loses)?;
        for group in &self.deactivate {
            writeln!(f, "Volume group {group} is deactivated and lost")?;
        }
        writeln!(
            f,
            "Machine name {}, volume group {}",
            self.host_name, self.volume_group
        )?;
        if self.enrol_secure_boot {
            writeln!(
                f,
                "Secure Boot keys of this release are enrolled in the firmware"
            )?;
        }
        for partition in &self.layout.partitions {
            writeln!(
                f,
                "  {} {:<10}{:>10}  {}",
                partition.role.number(),
                partition.role,
                partition.size.to_string(),
                purpose(partition.role)
            )?;
        }
        Ok(())
    }
}

/// What a partition is for, in a few words.
pub const fn purpose(role: PartitionRole) -> &'static str {
    match role {
        PartitionRole::Bios => "loader for BIOS",
        PartitionRole::Esp => "loaders for UEFI",
        PartitionRole::EspSpare => "second copy of the loaders",
        PartitionRole::BootA => "kernel of slot A",
        PartitionRole::BootB => "kernel of slot B, for the first update",
        PartitionRole::RootA => "system of slot A",
        PartitionRole::RootB => "system of slot B, for the first update",
        PartitionRole::State => "configuration and control plane",
        PartitionRole::Pool => "instances and images",
    }
}

#[cfg(test)]
mod tests;
