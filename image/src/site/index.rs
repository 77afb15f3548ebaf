//! The index of a site's channel, and the changes to it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use megh_model::release::{
    ARCH, Channel, ChannelIndex, Demands, Document, INDEX_SCHEMA, Listed, MANIFEST_FILE, PRODUCT,
    TrustState, Verifier, Version,
};

use super::read_signed;
use crate::clock::{days_after, now};
use crate::desk::{Desk, Signed};
use crate::keys::Keys;

/// What is to change in an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relisting {
    /// New rollouts, machines of a hundred.
    pub rollouts: Vec<(Version, u8)>,
    /// Releases that are offered no longer.
    pub withdraw: Vec<Version>,
}

/// An index that is being changed.
pub(super) struct Index(ChannelIndex);

impl Index {
    /// The index on the site, if its signature is the publisher's; an empty one
    /// when there is none.
    pub(super) fn read(site: &Path, channel: Channel, keys: &Keys) -> Result<Self> {
        let path = site.join(channel.index_file());
        if !path.exists() {
            return Ok(Self::empty(channel));
        }
        let (bytes, signatures) = read_signed(&path)?;
        keys.root()?
            .verify_accepted(Document::Index, &bytes, &signatures)
            .with_context(|| format!("{} is not the publisher's", path.display()))?;
        let index = ChannelIndex::parse(&bytes)
            .with_context(|| format!("{} is not right", path.display()))?;
        ensure!(
            index.channel == channel,
            "{} is of channel {}",
            path.display(),
            index.channel
        );
        Ok(Self(index))
    }

    const fn empty(channel: Channel) -> Self {
        Self(ChannelIndex {
            schema: INDEX_SCHEMA,
            product: String::new(),
            arch: String::new(),
            channel,
            version: 0,
            issued: 0,
            expires: 0,
            releases: Vec::new(),
        })
    }

    /// Its releases.
    pub(super) fn releases(&self) -> &[Listed] {
        &self.0.releases
    }

    /// Lists a release, in place of what was listed under its version.
    pub(super) fn set(&mut self, entry: Listed) {
        let releases = &mut self.0.releases;
        releases.retain(|listed| listed.version != entry.version);
        releases.push(entry);
        releases.sort_by_key(|listed| listed.version);
    }

    /// Takes over the manifest of a release that is listed here already;
    /// answers whether it is.
    pub(super) fn refresh(&mut self, entry: &Listed) -> bool {
        let mut listed = self.0.releases.iter_mut();
        let Some(listed) = listed.find(|listed| listed.version == entry.version) else {
            return false;
        };
        listed.manifest_sha256.clone_from(&entry.manifest_sha256);
        listed.manifest_size = entry.manifest_size;
        true
    }

    /// Makes the changes asked for.
    pub(super) fn apply(&mut self, relisting: &Relisting) -> Result<()> {
        let releases = &mut self.0.releases;
        for version in &relisting.withdraw {
            let before = releases.len();
            releases.retain(|listed| listed.version != *version);
            ensure!(releases.len() < before, "release {version} is not listed");
        }
        for (version, rollout) in &relisting.rollouts {
            match releases
                .iter_mut()
                .find(|listed| listed.version == *version)
            {
                Some(listed) => listed.rollout = *rollout,
                None => bail!("release {version} is not listed"),
            }
        }
        Ok(())
    }

    /// The signed index, newer than the one that was read. Numbers are times,
    /// so that an index is newer also when an older one was lost.
    pub(super) fn sign(mut self, expires_in: u64, desk: &Desk<'_>) -> Result<Signed> {
        let now = now();
        let index = &mut self.0;
        PRODUCT.clone_into(&mut index.product);
        ARCH.clone_into(&mut index.arch);
        index.version = now.max(index.version.saturating_add(1));
        index.issued = now;
        index.expires = days_after(now, expires_in);
        desk.sign(Document::Index, &index.channel.index_file(), index)
    }
}

/// A machine's own check of the index and of every manifest it lists.
pub(super) fn believe(site: &Path, signed: &Signed, keys: &Keys) -> Result<()> {
    let root = keys.root()?;
    let (trust, demands) = (TrustState::default(), Demands::at(now()));
    let verifier = Verifier::new(&root, &trust, &demands)?;
    let index = verifier.index(&signed.bytes, &signed.signatures)?;
    for listed in index.releases() {
        let path = site.join(&listed.path).join(MANIFEST_FILE);
        let (bytes, signatures) = read_signed(&path)?;
        let manifest = verifier
            .manifest(&index, listed.version, &bytes, &signatures)
            .with_context(|| path.display().to_string())?;
        let root = manifest.part(megh_model::release::PartKind::Root);
        let file = site.join(&listed.path).join(&root.file);
        let there = fs::metadata(&file).is_ok_and(|meta| meta.len() == root.size);
        ensure!(there, "{} is missing or of another size", file.display());
    }
    Ok(())
}
