//! What a slot's boot partition says of the slot.

use serde::{Deserialize, Serialize};

use super::SlotState;
use crate::release::PartKind;

/// File of the record on a boot partition.
pub const SLOT_FILE: &str = "slot.json";
/// Directory with the loaders of the slot's release, for repairs.
pub const LOADER_DIR: &str = "loader";
/// The parts on a boot partition, with the names under which the loader looks
/// for them.
pub const BOOT_FILES: [(PartKind, &str); 4] = [
    (PartKind::Uki, "meghos.efi"),
    (PartKind::Kernel, "kernel"),
    (PartKind::Initrd, "initrd"),
    (PartKind::SlotEnv, "slot.env"),
];
/// The parts on each EFI system partition, with their names.
pub const ESP_FILES: [(PartKind, &str); 2] = [
    (PartKind::Shim, "EFI/BOOT/BOOTX64.EFI"),
    (PartKind::GrubEfi, "EFI/BOOT/grubx64.efi"),
];
/// The parts in [`LOADER_DIR`], under their usual names.
pub const KEPT_LOADERS: [PartKind; 4] = [
    PartKind::Shim,
    PartKind::GrubEfi,
    PartKind::BiosBoot,
    PartKind::BiosCore,
];
/// Size of the file: it is written over in place and never grows. What is
/// written lies in the first 512 bytes, line breaks fill the rest.
pub const SLOT_FILE_SIZE: usize = 1024;

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// Version of this document's form, 1.
    pub schema: u32,
    /// What has become of the slot.
    pub state: SlotState,
    /// The version that it holds or that is being written.
    pub version: String,
    /// The verity root hash of that version.
    pub root_hash: String,
    /// When the state was reached, seconds since 1970.
    pub at: u64,
    /// Bytes that were fetched for it.
    pub fetched: u64,
    /// Bytes of all its parts.
    pub size: u64,
}

impl SlotRecord {
    /// The file's bytes.
    ///
    /// # Panics
    /// When the version is not one that a release can have.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("numbers and short texts are JSON");
        assert!(bytes.len() < 512, "a version has at most 32 characters");
        bytes.resize(SLOT_FILE_SIZE, b'\n');
        bytes
    }

    /// Reads the file; none when it is damaged or of another form.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        (record.schema == 1).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_fills_its_file_and_is_read_back() {
        let record = SlotRecord {
            schema: 1,
            state: SlotState::OnTrial,
            version: "4294967295.4294967295.4294967295".to_owned(),
            root_hash: "f".repeat(64),
            at: u64::MAX,
            fetched: u64::MAX,
            size: u64::MAX,
        };
        let bytes = record.to_bytes();
        assert_eq!(bytes.len(), SLOT_FILE_SIZE);
        assert_eq!(SlotRecord::parse(&bytes), Some(record.clone()));
        assert_eq!(SlotRecord::parse(&bytes[1..]), None);
        let later = SlotRecord {
            schema: 2,
            ..record
        };
        assert_eq!(SlotRecord::parse(&later.to_bytes()), None);
    }
}
