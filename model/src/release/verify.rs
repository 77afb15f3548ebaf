//! The one verifier: of installer, network and stick.

use sha2::{Digest, Sha256};

use super::{
    Channel, ChannelIndex, Demands, Document, IndexError, Listed, Manifest, ManifestError, Part,
    PartCheck, PartKind, Room, TrustState, TrustedRoot, VerifyError, Verity, Version, index,
};

/// Checks documents against a root of trust, what the machine remembers, and
/// what it asks for here and now.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    root: &'a TrustedRoot,
    trust: &'a TrustState,
    demands: &'a Demands,
}

impl<'a> Verifier<'a> {
    /// A verifier; refuses a root document that is too old.
    pub fn new(
        root: &'a TrustedRoot,
        trust: &'a TrustState,
        demands: &'a Demands,
    ) -> Result<Self, VerifyError> {
        let verifier = Self {
            root,
            trust,
            demands,
        };
        if !demands.allow_expired {
            root.check_age(trust.root, verifier.now())?;
        }
        Ok(verifier)
    }

    /// Believes a channel's index, or says why not.
    pub fn index(&self, bytes: &[u8], signatures: &[u8]) -> Result<VerifiedIndex, VerifyError> {
        self.root.verify(Document::Index, bytes, signatures)?;
        let index = ChannelIndex::parse(bytes)?;
        index::check_for(&index, self.demands, self.trust, self.now())?;
        Ok(VerifiedIndex(index))
    }

    /// The entry of a version that this machine may install.
    pub fn release<'i>(
        &self,
        index: &'i VerifiedIndex,
        version: Version,
    ) -> Result<&'i Listed, VerifyError> {
        let listed = index
            .releases()
            .find(|listed| listed.version == version)
            .ok_or(IndexError::NotListed(version))?;
        index::check_release(&index.0, listed, self.demands, self.trust)?;
        Ok(listed)
    }

    /// The entry of the highest version that this machine may install.
    pub fn newest<'i>(&self, index: &'i VerifiedIndex) -> Option<&'i Listed> {
        index
            .releases()
            .filter(|listed| {
                index::check_release(&index.0, listed, self.demands, self.trust).is_ok()
            })
            .max_by_key(|listed| listed.version)
    }

    /// Believes the manifest of a listed release, or says why not.
    pub fn manifest(
        &self,
        index: &VerifiedIndex,
        version: Version,
        bytes: &[u8],
        signatures: &[u8],
    ) -> Result<VerifiedManifest, VerifyError> {
        let listed = self.release(index, version)?;
        let signed_by = self.root.verify(Document::Manifest, bytes, signatures)?;
        let digest = hex::encode(Sha256::digest(bytes));
        if digest != listed.manifest_sha256 || bytes.len() as u64 != listed.manifest_size {
            return Err(ManifestError::NotListed(version).into());
        }
        let manifest = Manifest::parse(bytes, self.demands.room)?;
        if manifest.version != version {
            return Err(ManifestError::NotListed(version).into());
        }
        let (found, followed) = (manifest.channel, index.channel());
        if !followed.lists(found) {
            return Err(ManifestError::Channel { found, followed }.into());
        }
        Ok(VerifiedManifest {
            manifest,
            signed_by,
        })
    }

    /// Expiry is compared with a clock that cannot be turned back before the
    /// newest index that was believed.
    fn now(&self) -> u64 {
        self.demands.now.max(self.trust.seen)
    }
}

/// Believes the manifest that a slot has held since it was written: who signed
/// it and what it says are checked again, its age and its place in an index are
/// not, and neither is whether its key has been retired since.
pub fn verify_installed(
    root: &TrustedRoot,
    bytes: &[u8],
    signatures: &[u8],
) -> Result<VerifiedManifest, VerifyError> {
    let signed_by = root.verify_accepted(Document::Manifest, bytes, signatures)?;
    let manifest = Manifest::parse(bytes, Room::ANY)?;
    Ok(VerifiedManifest {
        manifest,
        signed_by,
    })
}

/// An index that is believed. Only [`Verifier::index`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIndex(ChannelIndex);

impl VerifiedIndex {
    /// Its channel.
    pub const fn channel(&self) -> Channel {
        self.0.channel
    }

    /// Its version.
    pub const fn version(&self) -> u64 {
        self.0.version
    }

    /// When it was made, seconds since 1970.
    pub const fn issued(&self) -> u64 {
        self.0.issued
    }

    /// When it stops being believed, seconds since 1970.
    pub const fn expires(&self) -> u64 {
        self.0.expires
    }

    /// All its releases, those included that are not for this machine.
    pub fn releases(&self) -> impl Iterator<Item = &Listed> {
        self.0.releases.iter()
    }
}

/// A manifest that is believed and describes a release for this machine. Only
/// [`Verifier::manifest`] and [`verify_installed`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedManifest {
    manifest: Manifest,
    signed_by: Vec<String>,
}

impl VerifiedManifest {
    /// The release's version.
    pub const fn version(&self) -> Version {
        self.manifest.version
    }

    /// The channel that it was made for.
    pub const fn channel(&self) -> Channel {
        self.manifest.channel
    }

    /// When it was released, seconds since 1970.
    pub const fn released(&self) -> u64 {
        self.manifest.released
    }

    /// The least version that a machine installs once this release has proved
    /// itself on it.
    pub const fn floor(&self) -> Version {
        self.manifest.floor
    }

    /// The identifiers of the keys that signed.
    pub fn signed_by(&self) -> &[String] {
        &self.signed_by
    }

    /// How to open the root part with dm-verity.
    pub const fn verity(&self) -> &Verity {
        &self.manifest.verity
    }

    /// The part of a kind; every kind is there.
    pub fn part(&self, kind: PartKind) -> &Part {
        &self.manifest.parts[&kind]
    }

    /// The chunk index of a part, when there is one.
    pub fn chunks(&self, kind: PartKind) -> Option<&Part> {
        self.manifest.chunks.get(&kind)
    }

    /// The list of the software in it, when there is one.
    pub const fn sbom(&self) -> Option<&Part> {
        self.manifest.sbom.as_ref()
    }

    /// Begins the check of a part's bytes.
    pub fn check(&self, kind: PartKind) -> PartCheck {
        PartCheck::new(kind, self.part(kind))
    }
}
