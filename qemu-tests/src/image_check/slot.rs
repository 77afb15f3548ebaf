//! Whether a slot holds one of the releases that are known, whole.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fat::Fat;
use super::loader;
use crate::write_log::ReadAt;

/// Parts on a slot's boot partition, and their places.
const BOOT_PARTS: [(&str, &str); 4] = [
    ("uki", "meghos.efi"),
    ("kernel", "kernel"),
    ("initrd", "initrd"),
    ("slot-env", "slot.env"),
];
/// Parts on the EFI system partitions, and their places.
const LOADER_PARTS: [(&str, &str); 2] = [
    ("shim", "EFI/BOOT/BOOTX64.EFI"),
    ("grub-efi", "EFI/BOOT/grubx64.efi"),
];

/// What a release's parts are, from its manifest.
#[derive(Debug, Clone)]
pub struct KnownRelease {
    /// Its version.
    pub version: String,
    root_hash: String,
    parts: HashMap<String, (u64, String)>,
}

impl KnownRelease {
    /// Reads the text of a manifest; the test has made it and trusts it.
    pub fn of_manifest(text: &[u8]) -> Result<Self> {
        let manifest: Value = serde_json::from_slice(text).context("reading a manifest")?;
        let parts = manifest["parts"].as_object().context("it has no parts")?;
        let part = |(kind, part): (&String, &Value)| {
            let size = part["size"].as_u64()?;
            Some((kind.clone(), (size, part["sha256"].as_str()?.to_owned())))
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            version: text(&manifest["version"]).context("it has no version")?,
            root_hash: text(&manifest["verity"]["root_hash"]).context("it has no root hash")?,
            parts: parts
                .iter()
                .map(part)
                .collect::<Option<_>>()
                .context("a part has no size or digest")?,
        })
    }

    fn part(&self, kind: &str) -> Result<&(u64, String)> {
        self.parts
            .get(kind)
            .with_context(|| format!("release {} has no {kind}", self.version))
    }
}

/// SHA-256 of stretches of disks, computed once for equal content.
#[derive(Debug, Default)]
pub(super) struct Digests(HashMap<u64, String>);

impl Digests {
    fn of(&mut self, disk: &dyn ReadAt, stretches: &[Range<u64>]) -> Result<String> {
        let mut key = DefaultHasher::new();
        for stretch in stretches {
            disk.fingerprint(stretch.clone()).hash(&mut key);
        }
        let key = key.finish();
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        for stretch in stretches {
            let mut at = stretch.start;
            while at < stretch.end {
                let length = usize::try_from((stretch.end - at).min(buffer.len() as u64))?;
                disk.read_at(at, &mut buffer[..length])
                    .with_context(|| format!("reading the disk at {at}"))?;
                hash.update(&buffer[..length]);
                at += length as u64;
            }
        }
        let digest = hex::encode(hash.finalize());
        self.0.insert(key, digest.clone());
        Ok(digest)
    }
}

/// The release that a slot holds, whole; why not, otherwise.
pub(super) fn whole<'k>(
    disk: &dyn ReadAt,
    boot: &Range<u64>,
    root: &Range<u64>,
    known: &'k [KnownRelease],
    digests: &mut Digests,
) -> Result<&'k KnownRelease> {
    let fat = Fat::open(disk, boot.clone()).context("its boot partition")?;
    let hash = loader::root_hash(&fat).context("its slot.env names no root")?;
    let release = known
        .iter()
        .find(|release| release.root_hash == hash)
        .context("its root is of no known release")?;
    for (kind, path) in BOOT_PARTS {
        is_part(disk, &fat, path, release.part(kind)?, digests)?;
    }
    let (size, sha256) = release.part("root")?;
    let place = root.start..root.start + size;
    ensure!(place.end <= root.end, "its root does not fit");
    let found = digests.of(disk, &[place])?;
    ensure!(
        found == *sha256,
        "its root is not that of {}",
        release.version
    );
    Ok(release)
}

/// Whether an EFI system partition starts something: a loader of a known
/// release under each name. The two may be of different releases.
pub(super) fn loaders(
    disk: &dyn ReadAt,
    esp: &Fat<'_>,
    known: &[KnownRelease],
    digests: &mut Digests,
) -> Result<()> {
    for (kind, path) in LOADER_PARTS {
        let mut last = None;
        let mut fits = false;
        for release in known {
            match is_part(disk, esp, path, release.part(kind)?, digests) {
                Ok(()) => fits = true,
                Err(error) => last = Some(error),
            }
        }
        if let (false, Some(error)) = (fits, last) {
            return Err(error);
        }
    }
    Ok(())
}

fn is_part(
    disk: &dyn ReadAt,
    fat: &Fat<'_>,
    path: &str,
    (size, sha256): &(u64, String),
    digests: &mut Digests,
) -> Result<()> {
    let Some(entry) = fat.find(path)? else {
        bail!("{path} is absent");
    };
    ensure!(
        entry.size == *size,
        "{path} has {} bytes, not {size}",
        entry.size
    );
    let found = digests.of(disk, &fat.stretches(&entry)?)?;
    ensure!(found == *sha256, "{path} has another content");
    Ok(())
}
