//! Checking a part while it is read.

use sha2::{Digest, Sha256};

use super::{Part, PartKind};

/// Why the bytes read are not the part that the manifest promised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// More bytes came than the manifest says.
    #[error("part {kind} ({file}) is longer than the {expected} bytes of the manifest")]
    TooLong {
        /// The part.
        kind: PartKind,
        /// Its file.
        file: String,
        /// Size of the manifest.
        expected: u64,
    },
    /// Fewer bytes came than the manifest says.
    #[error("part {kind} ({file}) ends after {found} of the {expected} bytes of the manifest")]
    TooShort {
        /// The part.
        kind: PartKind,
        /// Its file.
        file: String,
        /// Size of the manifest.
        expected: u64,
        /// Bytes read.
        found: u64,
    },
    /// The bytes are not those that were signed.
    #[error(
        "part {kind} ({file}) is damaged: its SHA-256 is {found}, the manifest says {expected}"
    )]
    Digest {
        /// The part.
        kind: PartKind,
        /// Its file.
        file: String,
        /// Digest of the manifest.
        expected: String,
        /// Digest of the bytes read.
        found: String,
    },
}

impl PartError {
    /// A stable name of the reason, for programs: lower-case words with dashes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "part-too-long",
            Self::TooShort { .. } => "part-too-short",
            Self::Digest { .. } => "part-damaged",
        }
    }
}

/// Counts and hashes the bytes of one part as they stream by. Nothing read may
/// be used before [`PartCheck::finish`] has said yes.
#[derive(Debug, Clone)]
pub struct PartCheck {
    kind: PartKind,
    part: Part,
    read: u64,
    hash: Sha256,
}

impl PartCheck {
    /// A check of one part of a manifest.
    pub fn new(kind: PartKind, part: &Part) -> Self {
        Self {
            kind,
            part: part.clone(),
            read: 0,
            hash: Sha256::new(),
        }
    }

    /// Takes the next bytes; refuses at once what is longer than promised.
    pub fn update(&mut self, bytes: &[u8]) -> Result<(), PartError> {
        self.read = self.read.saturating_add(bytes.len() as u64);
        if self.read > self.part.size {
            return Err(PartError::TooLong {
                kind: self.kind,
                file: self.part.file.clone(),
                expected: self.part.size,
            });
        }
        self.hash.update(bytes);
        Ok(())
    }

    /// Decides once all bytes have been seen.
    pub fn finish(self) -> Result<(), PartError> {
        let Self {
            kind,
            part: Part { file, size, sha256 },
            read,
            hash,
        } = self;
        if read < size {
            return Err(PartError::TooShort {
                kind,
                file,
                expected: size,
                found: read,
            });
        }
        let found = hex::encode(hash.finalize());
        if found != sha256 {
            return Err(PartError::Digest {
                kind,
                file,
                expected: sha256,
                found,
            });
        }
        Ok(())
    }
}
