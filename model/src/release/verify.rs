//! From bytes of unknown origin to a manifest that may be acted upon.

use std::io::Cursor;

use minisign::SignatureBox;

use super::key::key_id;
use super::{
    Manifest, ManifestError, Part, PartCheck, PartKind, TrustedKey, Verity, Version, check,
};

/// A manifest is small; more is refused unread.
const MAX_MANIFEST_BYTES: usize = 64 * 1024;
/// minisign's four lines.
const MAX_SIGNATURE_BYTES: usize = 4 * 1024;
/// The last line of a signature: 64 bytes in base64. The minisign crate slices
/// what it decodes without looking, so a shorter one must not reach it.
const GLOBAL_SIGNATURE_CHARS: usize = 88;

/// A manifest that a trusted key signed and that describes a release for this
/// machine. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedManifest {
    manifest: Manifest,
    version: Version,
    signed_by: String,
}

impl VerifiedManifest {
    /// The release's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The identifier of the key that signed.
    pub fn signed_by(&self) -> &str {
        &self.signed_by
    }

    /// How to open the root part with dm-verity.
    pub fn verity(&self) -> &Verity {
        &self.manifest.verity
    }

    /// The part of a kind; every kind is there.
    pub fn part(&self, kind: PartKind) -> &Part {
        &self.manifest.parts[&kind]
    }

    /// Begins the check of a part's bytes.
    pub fn check(&self, kind: PartKind) -> PartCheck {
        PartCheck::new(kind, self.part(kind))
    }
}

/// Why a release is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Too large to be one.
    #[error("the {what} has {size} bytes, more than the {limit} that one can have")]
    TooLarge {
        /// Manifest or signature.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The signature file is not one of minisign.
    #[error("the manifest's signature cannot be read: {0}")]
    MalformedSignature(String),
    /// Signed by somebody else.
    #[error(
        "the manifest is signed by key {found}, which this system does not trust (it trusts: {trusted})"
    )]
    UnknownKey {
        /// Identifier of the signing key.
        found: String,
        /// Identifiers of the trusted keys.
        trusted: String,
    },
    /// The manifest or its signature was changed.
    #[error("the manifest's signature is wrong: manifest or signature is damaged or forged")]
    BadSignature,
    /// Rightly signed, but not a manifest.
    #[error("the manifest cannot be read: {0}")]
    MalformedManifest(String),
    /// Rightly signed, but not for this machine.
    #[error("the manifest is refused: {0}")]
    Refused(#[from] ManifestError),
}

/// Checks signature first, then form and content. `manifest` and `signature`
/// are the bytes of [`super::MANIFEST_FILE`] and [`super::SIGNATURE_FILE`].
pub fn verify(
    manifest: &[u8],
    signature: &[u8],
    trusted: &[TrustedKey],
) -> Result<VerifiedManifest, VerifyError> {
    limit("manifest", manifest, MAX_MANIFEST_BYTES)?;
    limit("signature", signature, MAX_SIGNATURE_BYTES)?;
    let signed_by = verify_signature(manifest, signature, trusted)?;
    let manifest: Manifest = serde_json::from_slice(manifest)
        .map_err(|error| VerifyError::MalformedManifest(error.to_string()))?;
    let version = check::check(&manifest)?;
    Ok(VerifiedManifest {
        manifest,
        version,
        signed_by,
    })
}

fn limit(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), VerifyError> {
    let size = bytes.len();
    if size > limit {
        Err(VerifyError::TooLarge { what, size, limit })
    } else {
        Ok(())
    }
}

fn verify_signature(
    manifest: &[u8],
    signature: &[u8],
    trusted: &[TrustedKey],
) -> Result<String, VerifyError> {
    let signature = parse_signature(signature)?;
    let found = key_id(signature.keynum());
    let mut known = trusted
        .iter()
        .filter(|key| key.0.keynum() == signature.keynum())
        .peekable();
    if known.peek().is_none() {
        let trusted = trusted
            .iter()
            .map(TrustedKey::id)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(VerifyError::UnknownKey { found, trusted });
    }
    let (quiet, output, allow_legacy) = (true, false, false);
    let good = known.any(|key| {
        minisign::verify(
            &key.0,
            &signature,
            Cursor::new(manifest),
            quiet,
            output,
            allow_legacy,
        )
        .is_ok()
    });
    if good {
        Ok(found)
    } else {
        Err(VerifyError::BadSignature)
    }
}

fn parse_signature(bytes: &[u8]) -> Result<SignatureBox, VerifyError> {
    let malformed = |why: &dyn std::fmt::Display| VerifyError::MalformedSignature(why.to_string());
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
    let global = text.lines().nth(3).map_or(0, |line| line.trim().len());
    if global != GLOBAL_SIGNATURE_CHARS {
        return Err(malformed(&"its last line is not a signature"));
    }
    SignatureBox::from_string(text).map_err(|error| malformed(&error))
}
