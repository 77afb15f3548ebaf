//! The manifest: what a release is made of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Channel, Document, PartKind, Room, VerifyError, Version, check};

/// One file of a release.
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
    /// Version of this document's form; [`super::SCHEMA`].
    pub schema: u32,
    /// Always [`super::PRODUCT`].
    pub product: String,
    /// Debian's name of the architecture: [`super::ARCH`].
    pub arch: String,
    /// The channel that the release was made for.
    pub channel: Channel,
    /// Release version, `MAJOR.MINOR.PATCH`.
    pub version: Version,
    /// When it was released, seconds since 1970.
    pub released: u64,
    /// The least version that a machine installs once this release has proved
    /// itself on it; at most the release's own.
    pub floor: Version,
    /// How to open the root part.
    pub verity: Verity,
    /// The parts, each kind once.
    #[serde(deserialize_with = "each_once")]
    pub parts: BTreeMap<PartKind, Part>,
    /// The chunk indexes of parts that have one.
    #[serde(
        default,
        deserialize_with = "each_once",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub chunks: BTreeMap<PartKind, Part>,
    /// The list of the software in it, CycloneDX in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Part>,
}

impl Manifest {
    /// Reads a manifest and checks it against a slot. Nobody has signed for it
    /// yet: only a [`super::VerifiedManifest`] is to be acted upon.
    pub fn parse(bytes: &[u8], room: Room) -> Result<Self, VerifyError> {
        let manifest: Self = Document::Manifest.parse(bytes)?;
        check::check(&manifest, room)?;
        Ok(manifest)
    }
}

/// Reads the map of parts, refusing a kind that is named twice: of two meanings
/// a reader could choose the wrong one.
fn each_once<'de, D>(deserializer: D) -> Result<BTreeMap<PartKind, Part>, D::Error>
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
