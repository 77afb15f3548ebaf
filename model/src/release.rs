//! A release: its parts, its signed manifest, and the one verifier that
//! installer, network and stick share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// File name of the manifest in a release directory.
pub const MANIFEST_FILE: &str = "manifest.json";
/// File name of the manifest's minisign signature.
pub const SIGNATURE_FILE: &str = "manifest.json.minisig";
/// The product name every manifest must carry.
pub const PRODUCT: &str = "meghos";
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
    /// Version of this document's form; 1.
    pub schema: u32,
    /// Always [`PRODUCT`].
    pub product: String,
    /// Debian's name of the architecture: `amd64`.
    pub arch: String,
    /// Release version, `MAJOR.MINOR.PATCH`.
    pub version: String,
    /// How to open the root part.
    pub verity: Verity,
    /// The parts, each kind once.
    pub parts: BTreeMap<PartKind, Part>,
}
