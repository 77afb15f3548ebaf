//! What a manifest must look like, whoever signed it.

use std::collections::BTreeMap;
use std::fmt;

use super::names::{is_digest, is_file_name};
use super::{ARCH, Channel, Manifest, PRODUCT, Part, PartKind, Room, SCHEMA, Version};
use crate::delta::MAX_INDEX_BYTES;
use crate::units::{Bytes, GIB, KIB, MIB};

/// Together UKI, kernel, initrd and slot environment must leave room for the
/// file system of a boot partition.
pub const MAX_BOOT_PARTS: u64 = 500 * MIB;

/// dm-verity's block size, which the hash tree is aligned to.
const VERITY_BLOCK: u64 = 4 * KIB;

/// Largest list of software.
const MAX_SBOM: u64 = 16 * MIB;

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
    /// A release of another channel.
    #[error("it is of channel {found}, its index of channel {followed}")]
    Channel {
        /// Its channel.
        found: Channel,
        /// The index's channel.
        followed: Channel,
    },
    /// Not the manifest that the index means: another release's, or an older one.
    #[error("it is not the one that the channel's index lists for release {0}")]
    NotListed(Version),
    /// The floor lies above the release itself.
    #[error("its floor {floor} is above its version {version}")]
    Floor {
        /// The floor.
        floor: Version,
        /// The release's version.
        version: Version,
    },
    /// A kind of part is absent.
    #[error("it has no part {0}")]
    MissingPart(PartKind),
    /// A file name that could lead out of the release directory, or to another file.
    #[error("{0}: `{1}` is not a file name of a release")]
    FileName(Use, String),
    /// Two entries name one file.
    #[error("{0} and {1} are the same file")]
    SharedFile(Use, Use),
    /// A size that cannot be.
    #[error("{entry}: {size} bytes is not between 1 and {limit} bytes")]
    Size {
        /// The entry.
        entry: Use,
        /// Its claimed size.
        size: u64,
        /// The largest possible one.
        limit: u64,
    },
    /// The root would not fit into the slot.
    #[error("the root needs {}, the slot takes {}", Bytes(*.size), Bytes(*.room))]
    RootTooLarge {
        /// Size of the root part.
        size: u64,
        /// Size of the slot's root partition.
        room: u64,
    },
    /// The boot partition would overflow.
    #[error("the boot parts need {}, a boot partition takes {}", Bytes(*.size), Bytes(*.room))]
    BootParts {
        /// Size of all boot parts.
        size: u64,
        /// What the boot partition takes.
        room: u64,
    },
    /// Not 64 lower-case hex digits.
    #[error("the {0} is not 64 lower-case hex digits")]
    Hex(String),
    /// The verity tree would lie outside the root part.
    #[error("the hash offset {0} is not a whole block inside the root part")]
    HashOffset(u64),
}

impl ManifestError {
    /// See [`super::VerifyError::code`].
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schema(_) => "manifest-schema",
            Self::Product(_) => "manifest-of-other-product",
            Self::Arch(_) => "manifest-of-other-arch",
            Self::Channel { .. } => "manifest-of-other-channel",
            Self::NotListed(_) => "manifest-not-listed",
            Self::Floor { .. } => "manifest-floor-bad",
            Self::MissingPart(_) => "manifest-part-missing",
            Self::FileName(..) => "manifest-file-name-unsafe",
            Self::SharedFile(..) => "manifest-file-shared",
            Self::Size { .. } => "manifest-size-impossible",
            Self::RootTooLarge { .. } => "root-exceeds-slot",
            Self::BootParts { .. } => "boot-exceeds-slot",
            Self::Hex(_) => "manifest-digest-malformed",
            Self::HashOffset(_) => "manifest-verity-offset-bad",
        }
    }
}

/// What a file of a release is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A part.
    Part(PartKind),
    /// The chunk index of a part.
    Chunks(PartKind),
    /// The list of the software in it.
    Sbom,
}

impl Use {
    /// The largest size that such a file can have on any machine.
    const fn limit(self) -> u64 {
        match self {
            Self::Part(kind) => max_size(kind),
            Self::Chunks(_) => MAX_INDEX_BYTES,
            Self::Sbom => MAX_SBOM,
        }
    }

    const fn has_exact_size(self) -> bool {
        matches!(self, Self::Part(PartKind::SlotEnv | PartKind::BiosBoot))
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(kind) => write!(f, "part {kind}"),
            Self::Chunks(kind) => write!(f, "chunk index of part {kind}"),
            Self::Sbom => f.write_str("list of software"),
        }
    }
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

/// Checks everything that can be checked without the files themselves.
pub(super) fn check(manifest: &Manifest, room: Room) -> Result<(), ManifestError> {
    if manifest.schema != SCHEMA {
        return Err(ManifestError::Schema(manifest.schema));
    }
    if manifest.product != PRODUCT {
        return Err(ManifestError::Product(manifest.product.clone()));
    }
    if manifest.arch != ARCH {
        return Err(ManifestError::Arch(manifest.arch.clone()));
    }
    let (floor, version) = (manifest.floor, manifest.version);
    if floor > version {
        return Err(ManifestError::Floor { floor, version });
    }
    if let Some(kind) = PartKind::ALL
        .into_iter()
        .find(|kind| !manifest.parts.contains_key(kind))
    {
        return Err(ManifestError::MissingPart(kind));
    }
    check_files(manifest)?;
    check_room(manifest, room)?;
    check_verity(manifest)
}

fn check_files(manifest: &Manifest) -> Result<(), ManifestError> {
    let parts = manifest
        .parts
        .iter()
        .map(|(kind, file)| (Use::Part(*kind), file));
    let chunks = manifest
        .chunks
        .iter()
        .map(|(kind, file)| (Use::Chunks(*kind), file));
    let sbom = manifest.sbom.iter().map(|file| (Use::Sbom, file));
    let mut names = BTreeMap::new();
    for (entry, file) in parts.chain(chunks).chain(sbom) {
        check_file(entry, file)?;
        if let Some(other) = names.insert(file.file.to_ascii_lowercase(), entry) {
            return Err(ManifestError::SharedFile(other, entry));
        }
    }
    Ok(())
}

fn check_file(entry: Use, file: &Part) -> Result<(), ManifestError> {
    if !is_file_name(&file.file) {
        return Err(ManifestError::FileName(entry, file.file.clone()));
    }
    let (size, limit) = (file.size, entry.limit());
    if size == 0 || size > limit || entry.has_exact_size() && size != limit {
        return Err(ManifestError::Size { entry, size, limit });
    }
    if !is_digest(&file.sha256) {
        return Err(ManifestError::Hex(format!("SHA-256 of {entry}")));
    }
    Ok(())
}

fn check_room(manifest: &Manifest, room: Room) -> Result<(), ManifestError> {
    let size = |kind| manifest.parts[&kind].size;
    let root = size(PartKind::Root);
    if root > room.root {
        let room = room.root;
        return Err(ManifestError::RootTooLarge { size: root, room });
    }
    let boot = [
        PartKind::Uki,
        PartKind::Kernel,
        PartKind::Initrd,
        PartKind::SlotEnv,
    ];
    let size = boot.into_iter().map(size).sum();
    let room = room.boot.min(MAX_BOOT_PARTS);
    match size > room {
        true => Err(ManifestError::BootParts { size, room }),
        false => Ok(()),
    }
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
