//! A release: its signed documents, its parts, and the one verifier that
//! installer, network and stick share.
//!
//! A root document ([`RootDocument`]) lists the keys, a channel's index
//! ([`ChannelIndex`]) the releases, a manifest ([`Manifest`]) the parts of one.
//! [`Verifier`] is the only way from bytes to a [`VerifiedManifest`]: whoever
//! holds one holds a manifest whose signature, product and parts have been
//! checked. Nothing here has a clock: callers pass what they demand.

use std::fmt;

use serde::{Deserialize, Serialize};

mod channel;
mod check;
mod demands;
mod digest;
mod document;
mod error;
mod index;
mod key;
mod manifest;
mod names;
mod read;
mod root;
mod signature;
#[cfg(test)]
mod tests;
mod trust;
mod verify;
mod version;

pub use channel::{Channel, ParseChannelError};
pub use check::{MAX_BOOT_PARTS, ManifestError, Use, max_size};
pub use demands::{Demands, Machine, Room};
pub use digest::{PartCheck, PartError};
pub use document::Document;
pub use error::VerifyError;
pub use index::{ChannelIndex, INDEX_SCHEMA, IndexError, Listed, MAX_LISTED};
pub use key::{KeyError, PublicKey};
pub use manifest::{Manifest, Part, Verity};
pub use read::{Place, ReadError, ReadFile, SignedManifest};
pub use root::{
    MAX_KEYS, ROOT_FILE, ROOT_SCHEMA, Role, RootDocument, RootError, RootKey, Thresholds,
    TrustedRoot, root_file,
};
pub use signature::SignatureError;
pub use trust::{TRUST_FILE, TrustError, TrustState};
pub use verify::{VerifiedIndex, VerifiedManifest, Verifier, verify_installed};
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
/// The directory in the root file system with the root document that the image
/// believes ([`ROOT_FILE`] and its signature).
pub const TRUSTED_KEYS_DIR: &str = "/usr/share/meghos/keys";
/// File name of the list of software in a release directory.
pub const SBOM_FILE: &str = "sbom.cdx.json";

/// File name of a document's signatures, which lie beside it.
pub fn signature_file(document: &str) -> String {
    format!("{document}.minisig")
}

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
