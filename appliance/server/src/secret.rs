//! Secrets that are handed out once and kept as a hash only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// 256 random bits, written as 43 characters of base64url.
#[derive(Clone)]
pub(crate) struct Secret(String);

/// SHA-256 of a [`Secret`]: all that is kept. A plain hash is enough, since
/// 256 random bits cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SecretHash(pub [u8; 32]);

impl Secret {
    /// Draws a new one from the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which it does not survive either.
    pub(crate) fn draw() -> Self {
        let mut bytes = [0; 32];
        OsRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What the client is given.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl SecretHash {
    /// The hash of what a client sent.
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// As lower-case hex, the form in the store.
    pub(crate) fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_only_the_same_text_has_the_same_hash() {
        let (one, other) = (Secret::draw(), Secret::draw());
        assert_eq!(one.reveal().len(), 43);
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.hash(), SecretHash::of(one.reveal()));
        assert_ne!(one.hash(), other.hash());
    }
}
