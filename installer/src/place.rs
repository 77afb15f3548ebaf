//! Where things lie on a started medium; other places in tests.

use std::fs;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_host::block::{self, Disk};
use megh_host::command::CommandError;
use megh_host::efi::{self, SecureBoot};
use megh_model::boot::{BOOT_RECORD_PATH, BootRecord, BootSource, Firmware, MEDIUM_PATH};
use megh_model::release::TRUSTED_KEYS_DIR;
use megh_model::secure_boot::KEYS_DIR;

/// The surroundings of an installation.
#[derive(Debug, Clone)]
pub struct Place {
    /// The directory with a release: documents and parts.
    pub release: PathBuf,
    /// The directory with the root document that the image believes.
    pub keys: PathBuf,
    /// The directory with Secure Boot keys for firmware.
    pub secure_boot: PathBuf,
    /// A person's word that a release is meant whose documents have expired.
    pub allow_expired: bool,
    /// The root of the medium.
    pub medium: PathBuf,
    /// A directory for mount points, the lock and the journal of progress.
    pub run: PathBuf,
    /// Names of disks and their attributes.
    pub block: block::Places,
    /// How the machine was started.
    pub firmware: Firmware,
    /// Whether its firmware has no owner and takes Secure Boot keys from anybody.
    pub setup_mode: bool,
    /// The device it was started from, when that is known.
    pub boot_device: Option<PathBuf>,
}

impl Default for Place {
    /// The places of this machine.
    fn default() -> Self {
        let record = boot_record(Path::new(BOOT_RECORD_PATH));
        let boot_device = record.as_ref().map(boot_device);
        Self {
            release: Path::new(MEDIUM_PATH).join("meghos"),
            keys: TRUSTED_KEYS_DIR.into(),
            secure_boot: KEYS_DIR.into(),
            allow_expired: false,
            medium: MEDIUM_PATH.into(),
            run: "/run/meghos/install".into(),
            block: block::Places::default(),
            firmware: record.map_or_else(efi::firmware, |record| record.firmware),
            setup_mode: efi::secure_boot() == SecureBoot::SetupMode,
            boot_device,
        }
    }
}

impl Place {
    /// The disks of this machine.
    pub fn disks(&self, machine: &dyn Machine) -> Result<Vec<Disk>, CommandError> {
        block::inventory(machine, &self.block, self.boot_device.as_deref())
    }
}

/// The record is absent where this does not run on MeghOS, and that is fine.
fn boot_record(path: &Path) -> Option<BootRecord> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Records have names below `/dev`.
fn boot_device(record: &BootRecord) -> PathBuf {
    let name = match &record.source {
        BootSource::Medium { device } => device,
        BootSource::Disk { disk, .. } => disk,
    };
    Path::new("/dev").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medium_is_known_by_its_node_however_the_record_names_it() {
        for name in ["sda", "/dev/sda"] {
            let source = BootSource::Medium {
                device: name.to_owned(),
            };
            let record = BootRecord {
                firmware: Firmware::Uefi,
                source,
                root_hash: String::new(),
            };
            assert_eq!(boot_device(&record), Path::new("/dev/sda"));
        }
    }
}
