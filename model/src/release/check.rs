//! What a manifest must look like, whoever signed it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{
    ARCH, MANIFEST_FILE, Manifest, PRODUCT, Part, PartKind, SCHEMA, SIGNATURE_FILE, Version,
};
use crate::units::{Bytes, GIB, KIB, MIB};

/// Together UKI, kernel, initrd and slot environment must leave room for the
/// file system of a boot partition.
pub const MAX_BOOT_PARTS: u64 = 500 * MIB;

/// dm-verity's block size, which the hash tree is aligned to.
const VERITY_BLOCK: u64 = 4 * KIB;

/// Why a manifest is not one of a MeghOS release for this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A later form of the document.
    #[error("its schema is {0}, this system reads {SCHEMA}")]
    Schema(u32),
    /// A release of something else.
    #[error("it is of product `{0}`, not {PRODUCT}")]
    Product(String),
    /// A release for other machines.
    #[error("it is for {0}, this machine is {ARCH}")]
    Arch(String),
    /// Not `MAJOR.MINOR.PATCH`.
    #[error(transparent)]
    Version(#[from] super::ParseVersionError),
    /// A kind of part is absent.
    #[error("it has no part {0}")]
    MissingPart(PartKind),
    /// A file name that could lead out of the release directory, or to another part.
    #[error("part {0}: `{1}` is not a file name of a release")]
    FileName(PartKind, String),
    /// Two parts name one file.
    #[error("parts {0} and {1} are the same file")]
    SharedFile(PartKind, PartKind),
    /// A size that cannot be.
    #[error("part {kind}: {size} bytes is not between 1 and {} bytes", max_size(*kind))]
    Size {
        /// The part.
        kind: PartKind,
        /// Its claimed size.
        size: u64,
    },
    /// The boot partition would overflow.
    #[error("the boot parts need {}, a boot partition takes {}", Bytes(*.0), Bytes(MAX_BOOT_PARTS))]
    BootParts(u64),
    /// Not 64 lower-case hex digits.
    #[error("the {0} is not 64 lower-case hex digits")]
    Hex(String),
    /// The verity tree would lie outside the root part.
    #[error("the hash offset {0} is not a whole block inside the root part")]
    HashOffset(u64),
}

/// The largest size a part of this kind can have on any disk. The installer
/// compares with the partitions of the disk at hand as well.
pub const fn max_size(kind: PartKind) -> u64 {
    match kind {
        PartKind::Root => 4 * GIB,
        PartKind::Uki | PartKind::Kernel | PartKind::Initrd => MAX_BOOT_PARTS,
        PartKind::SlotEnv => KIB,
        PartKind::Shim | PartKind::GrubEfi => 32 * MIB,
        PartKind::BiosBoot => 512,
        PartKind::BiosCore => 2 * MIB - 512,
    }
}

/// Checks everything that can be checked without the parts themselves.
pub(super) fn check(manifest: &Manifest) -> Result<Version, ManifestError> {
    if manifest.schema != SCHEMA {
        return Err(ManifestError::Schema(manifest.schema));
    }
    if manifest.product != PRODUCT {
        return Err(ManifestError::Product(manifest.product.clone()));
    }
    if manifest.arch != ARCH {
        return Err(ManifestError::Arch(manifest.arch.clone()));
    }
    let version = manifest.version.parse()?;
    let mut files = BTreeMap::new();
    for kind in PartKind::ALL {
        let part = manifest
            .parts
            .get(&kind)
            .ok_or(ManifestError::MissingPart(kind))?;
        check_part(kind, part)?;
        if let Some(other) = files.insert(part.file.to_ascii_lowercase(), kind) {
            return Err(ManifestError::SharedFile(other, kind));
        }
    }
    check_boot_parts(manifest)?;
    check_verity(manifest)?;
    Ok(version)
}

fn check_part(kind: PartKind, part: &Part) -> Result<(), ManifestError> {
    if !is_file_name(&part.file) {
        return Err(ManifestError::FileName(kind, part.file.clone()));
    }
    let exact = matches!(kind, PartKind::SlotEnv | PartKind::BiosBoot);
    if part.size == 0 || part.size > max_size(kind) || exact && part.size != max_size(kind) {
        return Err(ManifestError::Size {
            kind,
            size: part.size,
        });
    }
    if !is_digest(&part.sha256) {
        return Err(ManifestError::Hex(format!("SHA-256 of part {kind}")));
    }
    Ok(())
}

fn check_boot_parts(manifest: &Manifest) -> Result<(), ManifestError> {
    let boot = [
        PartKind::Uki,
        PartKind::Kernel,
        PartKind::Initrd,
        PartKind::SlotEnv,
    ];
    let total = boot.iter().map(|kind| manifest.parts[kind].size).sum();
    if total > MAX_BOOT_PARTS {
        return Err(ManifestError::BootParts(total));
    }
    Ok(())
}

fn check_verity(manifest: &Manifest) -> Result<(), ManifestError> {
    if !is_digest(&manifest.verity.root_hash) {
        return Err(ManifestError::Hex("root hash".to_owned()));
    }
    let offset = manifest.verity.hash_offset;
    let inside = offset < manifest.parts[&PartKind::Root].size;
    if offset == 0 || !inside || !offset.is_multiple_of(VERITY_BLOCK) {
        return Err(ManifestError::HashOffset(offset));
    }
    Ok(())
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A plain name: no path, nothing hidden, nothing a shell or FAT would read
/// differently, and not the manifest itself.
fn is_file_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let lower = name.to_ascii_lowercase();
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && lower != MANIFEST_FILE
        && lower != SIGNATURE_FILE
}

/// Reads the map of parts, refusing a kind that is named twice: of two meanings
/// a reader could choose the wrong one.
pub(super) fn parts_each_once<'de, D>(deserializer: D) -> Result<BTreeMap<PartKind, Part>, D::Error>
where
    D: Deserializer<'de>,
{
    struct EachOnce;

    impl<'de> Visitor<'de> for EachOnce {
        type Value = BTreeMap<PartKind, Part>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of parts, each kind once")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut parts = BTreeMap::new();
            while let Some((kind, part)) = map.next_entry::<PartKind, Part>()? {
                match parts.entry(kind) {
                    Entry::Vacant(free) => free.insert(part),
                    Entry::Occupied(_) => {
                        return Err(M::Error::custom(format!("part {kind} is named twice")));
                    }
                };
            }
            Ok(parts)
        }
    }

    deserializer.deserialize_map(EachOnce)
}
