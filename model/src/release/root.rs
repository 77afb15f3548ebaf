//! The root document: who may sign what, and until when.
//!
//! A machine begins with the root document of its own image, which it believes
//! because of where it lies. From there it follows a chain: version N+1 is
//! signed by the root keys of version N and by its own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::signature::{self, Standing};
use super::{Document, PublicKey, VerifyError};

/// File name of the newest root document in a site's directory.
pub const ROOT_FILE: &str = "root.json";
/// The only form of the root document that this code reads.
pub const ROOT_SCHEMA: u32 = 1;
/// Most keys of a root document.
pub const MAX_KEYS: usize = 32;

/// File name of the root document of a version.
pub fn root_file(version: u64) -> String {
    format!("root.{version}.json")
}

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Root documents.
    Root,
    /// Channel indexes and manifests.
    Release,
}

/// A key of a root document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootKey {
    /// Its identifier as minisign prints it: 16 upper-case hex digits.
    pub id: String,
    /// The minisign public key in base64.
    pub public: String,
    /// What it may sign.
    pub role: Role,
    /// Whether it is trusted no longer. It stays in the list, so that what it
    /// signed is refused by this name.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retired: bool,
    /// Whether it was made for developing and testing: no release for the
    /// public trusts such a key.
    #[serde(default, skip_serializing_if = "is_false")]
    pub development: bool,
}

/// How many keys of a role must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// For root documents, at least 1.
    pub root: u8,
    /// For channel indexes and manifests, at least 1.
    pub release: u8,
}

/// The signed list of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootDocument {
    /// Version of this document's form; [`ROOT_SCHEMA`].
    pub schema: u32,
    /// Counted from 1, up by one with each change.
    pub version: u64,
    /// When it stops being believed, seconds since 1970.
    pub expires: u64,
    /// The keys, at most [`MAX_KEYS`].
    pub keys: Vec<RootKey>,
    /// How many of them must sign.
    pub thresholds: Thresholds,
}

impl RootDocument {
    /// Reads and checks what a document says. Nobody has signed for it yet: only
    /// a [`TrustedRoot`] is to be acted upon.
    pub fn parse(bytes: &[u8]) -> Result<Self, VerifyError> {
        let document: Self = Document::Root.parse(bytes)?;
        check(&document)?;
        Ok(document)
    }
}

/// Why a root document is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// A later form of the document.
    #[error("its schema is {0}, this system reads {ROOT_SCHEMA}")]
    Schema(u32),
    /// Not the one after the trusted one.
    #[error("it is version {found}, the next one is {expected}")]
    Gap {
        /// Its version.
        found: u64,
        /// What follows the trusted one.
        expected: u64,
    },
    /// A link between the trusted version and the newest is absent.
    #[error("version {0}, which leads to the newest one, is not there")]
    Broken(u64),
    /// Older than one that this machine already believed.
    #[error("it is version {found}, this system already follows {known}")]
    Replayed {
        /// Its version.
        found: u64,
        /// The newest version that was believed.
        known: u64,
    },
    /// Too old.
    #[error("it expired {} ago", ago(*expires, *now))]
    Expired {
        /// When, seconds since 1970.
        expires: u64,
        /// The time it was compared with, seconds since 1970.
        now: u64,
    },
    /// A key that is none, or is not what it says.
    #[error("key {id}: {why}")]
    Key {
        /// The key's identifier.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// More or fewer keys than there can be.
    #[error("it has {0} keys; there are 2 to {MAX_KEYS}")]
    Keys(usize),
    /// A threshold of zero, or one that its keys cannot reach.
    #[error("{needed} {role:?} keys must sign, and there are {found}")]
    Threshold {
        /// The role.
        role: Role,
        /// Keys that must sign.
        needed: u8,
        /// Keys that could.
        found: usize,
    },
}

impl RootError {
    /// See [`VerifyError::code`].
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schema(_) => "root-schema",
            Self::Gap { .. } => "root-version-gap",
            Self::Broken(_) => "root-chain-broken",
            Self::Replayed { .. } => "root-replayed",
            Self::Expired { .. } => "root-expired",
            Self::Key { .. } => "root-key-bad",
            Self::Keys(_) => "root-key-count",
            Self::Threshold { .. } => "root-threshold-bad",
        }
    }
}

/// A root document that is believed. Only the functions here make one.
#[derive(Debug, Clone)]
pub struct TrustedRoot {
    document: RootDocument,
    keys: Vec<(PublicKey, RootKey)>,
}

impl TrustedRoot {
    /// The root document of the image itself, believed for where it lies. It
    /// must carry its own signatures, so that no build leaves without them.
    pub fn built_in(bytes: &[u8], signatures: &[u8]) -> Result<Self, VerifyError> {
        let root = Self::read(bytes)?;
        root.verify(Document::Root, bytes, signatures)?;
        Ok(root)
    }

    /// The document after this one: signed by the keys of this one, and by its own.
    pub fn next(&self, bytes: &[u8], signatures: &[u8]) -> Result<Self, VerifyError> {
        self.verify(Document::Root, bytes, signatures)?;
        let next = Self::read(bytes)?;
        let (found, expected) = (next.version(), self.version().saturating_add(1));
        if found != expected {
            return Err(RootError::Gap { found, expected }.into());
        }
        next.verify(Document::Root, bytes, signatures)?;
        Ok(next)
    }

    /// Its version.
    pub const fn version(&self) -> u64 {
        self.document.version
    }

    /// The document.
    pub const fn document(&self) -> &RootDocument {
        &self.document
    }

    /// Refuses a document that is older than `known`, or expired at `now`.
    pub(super) fn check_age(&self, known: u64, now: u64) -> Result<(), RootError> {
        let (found, expires) = (self.version(), self.document.expires);
        if found < known {
            Err(RootError::Replayed { found, known })
        } else if expires <= now {
            Err(RootError::Expired { expires, now })
        } else {
            Ok(())
        }
    }

    /// Checks a document's signatures, and nothing else of it; answers who signed.
    pub fn verify(
        &self,
        what: Document,
        bytes: &[u8],
        signatures: &[u8],
    ) -> Result<Vec<String>, VerifyError> {
        self.verify_with(what, bytes, signatures, Standing::Retired)
    }

    /// As [`Self::verify`], for what was accepted in its time: keys that have
    /// been retired since do not matter.
    pub fn verify_accepted(
        &self,
        what: Document,
        bytes: &[u8],
        signatures: &[u8],
    ) -> Result<Vec<String>, VerifyError> {
        self.verify_with(what, bytes, signatures, Standing::Trusted)
    }

    fn verify_with(
        &self,
        what: Document,
        bytes: &[u8],
        signatures: &[u8],
        retired: Standing,
    ) -> Result<Vec<String>, VerifyError> {
        what.check_size(bytes)?;
        let (role, needed) = match what {
            Document::Root => (Role::Root, self.document.thresholds.root),
            Document::Index | Document::Manifest => {
                (Role::Release, self.document.thresholds.release)
            }
        };
        let standing = move |key: &RootKey| match (key.role == role, key.retired) {
            (false, _) => Standing::OtherRole,
            (true, true) => retired,
            (true, false) => Standing::Trusted,
        };
        let keys = self.keys.iter().map(|(key, entry)| (key, standing(entry)));
        signature::verify(bytes, signatures, keys, needed.into())
            .map_err(|why| VerifyError::Signature { what, why })
    }

    fn read(bytes: &[u8]) -> Result<Self, VerifyError> {
        let document = RootDocument::parse(bytes)?;
        let keys = check(&document)?;
        Ok(Self { document, keys })
    }
}

fn check(document: &RootDocument) -> Result<Vec<(PublicKey, RootKey)>, RootError> {
    if document.schema != ROOT_SCHEMA {
        return Err(RootError::Schema(document.schema));
    }
    if document.version == 0 {
        let (found, expected) = (0, 1);
        return Err(RootError::Gap { found, expected });
    }
    if !(2..=MAX_KEYS).contains(&document.keys.len()) {
        return Err(RootError::Keys(document.keys.len()));
    }
    let mut seen = BTreeSet::new();
    let mut keys = Vec::new();
    for entry in &document.keys {
        let bad = |why: String| RootError::Key {
            id: entry.id.clone(),
            why,
        };
        let key = PublicKey::from_base64(&entry.public).map_err(|error| bad(error.to_string()))?;
        if key.id() != entry.id {
            return Err(bad(format!("its identifier is {key}")));
        }
        if !seen.insert(key.id()) {
            return Err(bad("it is listed twice".to_owned()));
        }
        keys.push((key, entry.clone()));
    }
    let Thresholds { root, release } = document.thresholds;
    for (role, needed) in [(Role::Root, root), (Role::Release, release)] {
        let active = |key: &&RootKey| key.role == role && !key.retired;
        let found = document.keys.iter().filter(active).count();
        if needed == 0 || usize::from(needed) > found {
            return Err(RootError::Threshold {
                role,
                needed,
                found,
            });
        }
    }
    Ok(keys)
}

/// A span as people read it.
pub(super) fn ago(then: u64, now: u64) -> String {
    let hours = now.saturating_sub(then) / 3600;
    match hours {
        0 => "less than an hour".to_owned(),
        1..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

const fn is_false(value: &bool) -> bool {
    !*value
}
