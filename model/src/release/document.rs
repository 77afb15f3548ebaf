//! The three documents, and the way from bytes to their only reading.

use std::fmt;

use serde::de::DeserializeOwned;

use super::VerifyError;

/// A signed document of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// Keys and thresholds.
    Root,
    /// The releases of a channel.
    Index,
    /// The parts of a release.
    Manifest,
}

impl Document {
    /// The most bytes that one can have; more is refused unread.
    pub const fn limit(self) -> usize {
        match self {
            Self::Root => 32 * 1024,
            Self::Index | Self::Manifest => 64 * 1024,
        }
    }

    /// Reads bytes whose signatures have been checked.
    pub(super) fn parse<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, VerifyError> {
        self.check_size(bytes)?;
        serde_json::from_slice(bytes).map_err(|error| VerifyError::Malformed {
            what: self,
            why: error.to_string(),
        })
    }

    /// Refuses what is too large to be one.
    pub(super) const fn check_size(self, bytes: &[u8]) -> Result<(), VerifyError> {
        match bytes.len() > self.limit() {
            true => Err(VerifyError::TooLarge { what: self }),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root document",
            Self::Index => "channel's index",
            Self::Manifest => "manifest",
        })
    }
}
