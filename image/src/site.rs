//! A site: the directory of releases that a web server or stick carries.
//!
//! It holds the root documents, an index per channel, and a directory per
//! release. What is on it is believed only as far as its signatures go: the
//! server may not be the publisher's own.

mod index;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_model::release::{
    Channel, Document, MANIFEST_FILE, Manifest, Part, Room, Version, signature_file,
};

use crate::desk::{Desk, Signed};
use crate::digest;
use crate::release::{list, put};
use crate::stage::{remove, replace};

use index::Index;

pub use index::Relisting;

/// A build's release that goes to a site.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The build's folder of results.
    pub build: PathBuf,
    /// The channel to list it in; the one it was built for when absent. A
    /// candidate that is listed as stable becomes a stable release.
    pub channel: Option<Channel>,
    /// How many machines of a hundred get it by themselves.
    pub rollout: u8,
    /// The least version that can be updated to it in one step.
    pub from: Option<Version>,
    /// Days until the index expires.
    pub expires_in: u64,
}

/// Puts a build's release on the site in `dir`, and lists it.
pub fn publish(dir: &Path, publication: &Publication, desk: &Desk<'_>) -> Result<()> {
    let source = publication.build.join("release");
    let mut manifest = read_manifest(&source)?;
    let version = manifest.version;
    if let Some(channel) = publication.channel {
        manifest.channel = channel;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let name = format!("{version}/{MANIFEST_FILE}");
    let signed = desk.sign(Document::Manifest, &name, &manifest)?;
    let mut entry = list(version, &signed.bytes);
    entry.rollout = publication.rollout;
    entry.from = publication.from;
    let mut indexes = Vec::new();
    for channel in Channel::ALL {
        let mut index = Index::read(dir, channel, desk.keys())?;
        if channel == manifest.channel {
            index.set(entry.clone());
        } else if !index.refresh(&entry) {
            continue;
        }
        indexes.push((channel, index.sign(publication.expires_in, desk)?));
    }
    desk.finish()?;
    place_files(&source, dir, &manifest)?;
    put(&dir.join(version.to_string()), MANIFEST_FILE, &signed)?;
    finish(dir, desk, &indexes)
}

/// Makes a new index of a channel: other rollouts, releases taken back, or only
/// a later expiry. Manifests whose key has been retired are signed anew.
pub fn relist(
    dir: &Path,
    channel: Channel,
    relisting: &Relisting,
    expires_in: u64,
    desk: &Desk<'_>,
) -> Result<()> {
    let mut index = Index::read(dir, channel, desk.keys())?;
    index.apply(relisting)?;
    let renewed = renew_manifests(dir, &index, desk)?;
    let signed = index.sign(expires_in, desk)?;
    desk.finish()?;
    for (version, manifest) in &renewed {
        put(&dir.join(version.to_string()), MANIFEST_FILE, manifest)?;
    }
    finish(dir, desk, &[(channel, signed)])
}

/// Root documents, then indexes: whoever reads meanwhile finds what they name.
fn finish(dir: &Path, desk: &Desk<'_>, indexes: &[(Channel, Signed)]) -> Result<()> {
    for file in desk.keys().root_files()? {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        replace(&dir.join(file.file_name().unwrap_or_default()), &content)?;
    }
    for (channel, index) in indexes {
        index::believe(dir, index, desk.keys())
            .with_context(|| format!("machines would refuse channel {channel}"))?;
        put(dir, &channel.index_file(), index)?;
        eprintln!("    channel {channel} has a new index");
    }
    Ok(())
}

/// The manifests of listed releases that only a retired key signed, signed by
/// the keys of today. They must be those that the index lists.
fn renew_manifests(dir: &Path, index: &Index, desk: &Desk<'_>) -> Result<Vec<(Version, Signed)>> {
    let root = desk.keys().root()?;
    let mut renewed = Vec::new();
    for listed in index.releases() {
        let path = dir.join(&listed.path).join(MANIFEST_FILE);
        let (bytes, signatures) = read_signed(&path)?;
        if root.verify(Document::Manifest, &bytes, &signatures).is_ok() {
            continue;
        }
        root.verify_accepted(Document::Manifest, &bytes, &signatures)
            .with_context(|| format!("{} is not the publisher's", path.display()))?;
        let manifest = Manifest::parse(&bytes, Room::ANY)
            .with_context(|| format!("{} is not right", path.display()))?;
        let name = format!("{}/{MANIFEST_FILE}", listed.path);
        let signed = desk.sign(Document::Manifest, &name, &manifest)?;
        ensure!(
            list(listed.version, &signed.bytes).manifest_sha256 == listed.manifest_sha256,
            "{} is not the manifest that the index lists; put the release there again",
            path.display()
        );
        renewed.push((listed.version, signed));
    }
    Ok(renewed)
}

/// Copies the files of a release that are not there yet. A version has one
/// content for all time.
fn place_files(source: &Path, site: &Path, manifest: &Manifest) -> Result<()> {
    let target = site.join(manifest.version.to_string());
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    let parts = manifest.parts.values().chain(manifest.chunks.values());
    for part in parts.chain(&manifest.sbom) {
        let (from, to) = (source.join(&part.file), target.join(&part.file));
        if to.exists() {
            ensure!(
                is_intact(&to, part)?,
                "{} is there with another content; a version is never used twice",
                to.display()
            );
            continue;
        }
        ensure!(is_intact(&from, part)?, "{} is damaged", from.display());
        let partial = target.join(format!("{}.partial", part.file));
        remove(&partial)?;
        fs::copy(&from, &partial)
            .and_then(|_| fs::rename(&partial, &to))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

fn is_intact(path: &Path, part: &Part) -> Result<bool> {
    let size = fs::metadata(path)
        .with_context(|| format!("cannot find {}", path.display()))?
        .len();
    Ok(size == part.size && digest::file(path)? == part.sha256)
}

fn read_manifest(release: &Path) -> Result<Manifest> {
    let path = release.join(MANIFEST_FILE);
    let bytes = fs::read(&path)
        .with_context(|| format!("{} is missing: build it first", path.display()))?;
    Manifest::parse(&bytes, Room::ANY).with_context(|| format!("{} is not right", path.display()))
}

fn read_signed(path: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let signature = PathBuf::from(signature_file(&path.to_string_lossy()));
    Ok((read(path)?, read(&signature)?))
}
