//! The public keys that releases are believed from.

use std::fmt;

/// Length of a public key in base64, as it stands in the second line of a
/// `.pub` file and in root documents.
const BASE64_CHARS: usize = 56;

/// A minisign public key.
#[derive(Debug, Clone)]
pub struct PublicKey(minisign::PublicKey);

/// Why a text is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a minisign public key: {0}")]
pub struct KeyError(String);

impl PublicKey {
    /// Reads the content of a `.pub` file as minisign writes it: a comment line
    /// and the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = text.lines().nth(1);
        Self::from_base64(key.ok_or_else(|| KeyError("it has no second line".to_owned()))?)
    }

    /// Reads the key alone, in base64.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        if text.len() != BASE64_CHARS {
            return Err(KeyError(format!("it has not {BASE64_CHARS} characters")));
        }
        minisign::PublicKey::from_base64(text)
            .map(Self)
            .map_err(|error| KeyError(error.to_string()))
    }

    /// The key alone, in base64.
    pub fn to_base64(&self) -> String {
        self.0.to_base64()
    }

    /// The key's identifier as minisign prints it: 16 upper-case hex digits.
    pub fn id(&self) -> String {
        key_id(self.0.keynum())
    }

    pub(super) const fn inner(&self) -> &minisign::PublicKey {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

/// minisign prints identifiers as one little-endian number.
pub(super) fn key_id(number: &[u8]) -> String {
    number
        .iter()
        .rev()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}
