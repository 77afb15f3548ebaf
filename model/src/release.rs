//! A release: its parts, its signed manifest, and the one verifier that
//! installer, network and stick share.
//!
//! [`verify()`] is the only way to a [`VerifiedManifest`]: whoever holds one holds
//! a manifest whose signature, product and parts have been checked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

mod check;
mod digest;
mod key;
#[cfg(test)]
mod tests;
mod verify;
mod version;

pub use check::{MAX_BOOT_PARTS, ManifestError, max_size};
pub use digest::{PartCheck, PartError};
pub use key::{KeyError, TrustedKey};
pub use verify::{VerifiedManifest, VerifyError, verify};
pub use version::{ParseVersionError, Version};

/// File name of the manifest in a release directory.
pub const MANIFEST_FILE: &str = "manifest.json";
/// File name of the manifest's minisign signature.
pub const SIGNATURE_FILE: &str = "manifest.json.minisig";
/// The only form of the manifest that this code reads.
pub const SCHEMA: u32 = 1;
/// The product name every manifest must carry.
pub const PRODUCT: &str = "meghos";
/// The architecture of this build, as Debian names it.
pub const ARCH: &str = "amd64";
/// The directory of trusted public keys (`*.pub`, minisign) in the root file system.
pub const TRUSTED_KEYS_DIR: &str = "/usr/lib/meghos/keys";

/// What a part of a release is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// erofs with the dm-verity tree appended: the content of a root slot.
    Root,
    /// Signed unified kernel image, for UEFI.
    Uki,
    /// Kernel, for BIOS.
    Kernel,
    /// Initrd, for BIOS.
    Initrd,
    /// GRUB environment block with root hash and hash offset, for BIOS.
    SlotEnv,
    /// First loader at `\EFI\BOOT\BOOTX64.EFI`: shim.
    Shim,
    /// Second loader at `\EFI\BOOT\grubx64.efi`: GRUB with its configuration inside.
    GrubEfi,
    /// GRUB's `boot.img` (512 bytes) for the MBR.
    BiosBoot,
    /// GRUB's core image for the bios partition, configuration inside.
    BiosCore,
}

impl PartKind {
    /// Every kind of part; a manifest has each of them once.
    pub const ALL: [Self; 9] = [
        Self::Root,
        Self::Uki,
        Self::Kernel,
        Self::Initrd,
        Self::SlotEnv,
        Self::Shim,
        Self::GrubEfi,
        Self::BiosBoot,
        Self::BiosCore,
    ];

    /// The name in manifests, and what people read in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Uki => "uki",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::SlotEnv => "slot-env",
            Self::Shim => "shim",
            Self::GrubEfi => "grub-efi",
            Self::BiosBoot => "bios-boot",
            Self::BiosCore => "bios-core",
        }
    }

    /// The file that a build writes for this kind. Readers go by the manifest.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Root => "root.img",
            Self::Uki => "uki.efi",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::SlotEnv => "slot.env",
            Self::Shim => "shim.efi",
            Self::GrubEfi => "grubx64.efi",
            Self::BiosBoot => "bios-boot.img",
            Self::BiosCore => "bios-core.img",
        }
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// File name within the release directory: letters, digits, `.`, `-`, `_`.
    pub file: String,
    /// Exact size in bytes.
    pub size: u64,
    /// SHA-256, 64 lower-case hex digits.
    pub sha256: String,
}

/// What the root part needs to be opened with dm-verity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verity {
    /// Root hash, 64 lower-case hex digits.
    pub root_hash: String,
    /// Byte offset of the hash tree (with its superblock) in the root part.
    pub hash_offset: u64,
}

/// The signed list of a release's parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this document's form; [`SCHEMA`].
    pub schema: u32,
    /// Always [`PRODUCT`].
    pub product: String,
    /// Debian's name of the architecture: [`ARCH`].
    pub arch: String,
    /// Release version, `MAJOR.MINOR.PATCH`.
    pub version: String,
    /// How to open the root part.
    pub verity: Verity,
    /// The parts, each kind once.
    #[serde(deserialize_with = "check::parts_each_once")]
    pub parts: BTreeMap<PartKind, Part>,
}
