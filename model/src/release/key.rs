//! The public keys that releases are believed from.

use std::fmt;

/// A minisign public key that this appliance trusts.
#[derive(Debug, Clone)]
pub struct TrustedKey(pub(super) minisign::PublicKey);

/// Why a file is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a minisign public key: {0}")]
pub struct KeyError(String);

impl TrustedKey {
    /// Reads the content of a `.pub` file as minisign writes it: a comment line
    /// and the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        minisign::PublicKeyBox::from_string(text)
            .and_then(|boxed| boxed.into_public_key())
            .map(Self)
            .map_err(|error| KeyError(error.to_string()))
    }

    /// The key's identifier as minisign prints it.
    pub fn id(&self) -> String {
        key_id(self.0.keynum())
    }
}

impl fmt::Display for TrustedKey {
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
