//! minisign signatures: one or several for one document.

use std::collections::BTreeSet;
use std::io::Cursor;

use minisign::SignatureBox;

use super::key::{PublicKey, key_id};

/// minisign's four lines, some ten times.
pub(super) const MAX_SIGNATURE_BYTES: usize = 4 * 1024;
/// A signature is a comment, itself, a signed comment, and a signature of both.
const LINES: usize = 4;
/// The last line of a signature: 64 bytes in base64. The minisign crate slices
/// what it decodes without looking, so a shorter one must not reach it.
const GLOBAL_SIGNATURE_CHARS: usize = 88;

/// Why a document's signatures do not make it believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Larger than any can be.
    #[error("is larger than one can be, {MAX_SIGNATURE_BYTES} bytes")]
    TooLarge,
    /// There is none.
    #[error("is missing")]
    Missing,
    /// Not what minisign writes.
    #[error("cannot be read: {0}")]
    Malformed(String),
    /// Signed by somebody else.
    #[error("is of key {found}, which this system does not trust (it trusts: {trusted})")]
    UnknownKey {
        /// Identifier of the signing key.
        found: String,
        /// Identifiers of the trusted keys.
        trusted: String,
    },
    /// Signed by a key that is trusted no longer.
    #[error("is of key {0}, which has been retired")]
    RetiredKey(String),
    /// Signed by a key that is for other documents.
    #[error("is of key {0}, which is not for such documents")]
    OtherRole(String),
    /// Document or signature was changed.
    #[error("is wrong: the document or its signature is damaged or forged")]
    Wrong,
    /// Too few of those who must sign did.
    #[error("is of {found} of the {needed} keys that are needed")]
    Threshold {
        /// Keys that signed.
        found: usize,
        /// Keys that must.
        needed: usize,
    },
}

/// What is thought of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may sign this document.
    Trusted,
    /// It could once.
    Retired,
    /// It signs documents of another kind.
    OtherRole,
}

/// Counts the signatures of trusted keys. Those of unknown keys are passed
/// over, since a document that changes keys is signed by both sides; a wrong
/// one of a known key is never passed over.
pub(super) fn verify<'k>(
    document: &[u8],
    signatures: &[u8],
    keys: impl Iterator<Item = (&'k PublicKey, Standing)> + Clone,
    needed: usize,
) -> Result<Vec<String>, SignatureError> {
    let mut signed = BTreeSet::new();
    let mut refused = None;
    for signature in parse(signatures)? {
        let id = key_id(signature.keynum());
        match keys.clone().find(|(key, _)| key.id() == id) {
            None => {
                refused.get_or_insert(unknown(id, keys.clone()));
            }
            Some((key, standing)) => {
                if !is_right(document, &signature, key) {
                    return Err(SignatureError::Wrong);
                }
                match standing {
                    Standing::Trusted => drop(signed.insert(id)),
                    Standing::Retired => refused = Some(SignatureError::RetiredKey(id)),
                    Standing::OtherRole => refused = Some(SignatureError::OtherRole(id)),
                }
            }
        }
    }
    let found = signed.len();
    match refused {
        _ if found >= needed.max(1) => Ok(signed.into_iter().collect()),
        Some(refused) if found == 0 => Err(refused),
        _ => Err(SignatureError::Threshold { found, needed }),
    }
}

fn unknown<'k>(
    found: String,
    keys: impl Iterator<Item = (&'k PublicKey, Standing)>,
) -> SignatureError {
    let trusted: Vec<String> = keys
        .filter(|(_, standing)| *standing == Standing::Trusted)
        .map(|(key, _)| key.id())
        .collect();
    SignatureError::UnknownKey {
        found,
        trusted: trusted.join(", "),
    }
}

fn is_right(document: &[u8], signature: &SignatureBox, key: &PublicKey) -> bool {
    let (quiet, output, allow_legacy) = (true, false, false);
    let document = Cursor::new(document);
    minisign::verify(
        key.inner(),
        signature,
        document,
        quiet,
        output,
        allow_legacy,
    )
    .is_ok()
}

fn parse(bytes: &[u8]) -> Result<Vec<SignatureBox>, SignatureError> {
    if bytes.len() > MAX_SIGNATURE_BYTES {
        return Err(SignatureError::TooLarge);
    }
    let malformed = |why: String| SignatureError::Malformed(why);
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let text = text.trim_end();
    if text.is_empty() {
        return Err(SignatureError::Missing);
    }
    let lines: Vec<&str> = text.lines().collect();
    lines
        .chunks(LINES)
        .map(|lines| {
            let global = lines.get(3).map_or(0, |line| line.trim().len());
            if global != GLOBAL_SIGNATURE_CHARS {
                return Err(malformed("its last line is not a signature".to_owned()));
            }
            SignatureBox::from_string(&lines.join("\n"))
                .map_err(|error| malformed(error.to_string()))
        })
        .collect()
}
