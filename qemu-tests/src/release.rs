//! The release under test, as `image/` left it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use megh_model::release::{MANIFEST_FILE, Manifest, Part, PartKind};
use sha2::{Digest, Sha256};

/// A release directory and its ISO.
#[derive(Debug)]
pub struct Release {
    out: PathBuf,
    iso: PathBuf,
    manifest: Manifest,
}

impl Release {
    /// The release in `$MEGHOS_OUT`, or in `out/` of the checkout.
    pub fn find() -> Result<Self> {
        let out = std::env::var_os("MEGHOS_OUT").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../out"),
            PathBuf::from,
        );
        let path = out.join("release").join(MANIFEST_FILE);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("no release in {}: run `cargo ci image`", out.display()))?;
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        let iso = out.join(format!("meghos-{}-{}.iso", manifest.version, manifest.arch));
        if !iso.is_file() {
            bail!("{} is missing: run `cargo ci image`", iso.display());
        }
        Ok(Self { out, iso, manifest })
    }

    /// The folder of everything that was built.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The ISO image, which is also what is written to a stick.
    pub fn iso(&self) -> &Path {
        &self.iso
    }

    /// The signed list of parts.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A part's file in the release directory.
    pub fn part(&self, kind: PartKind) -> Result<PathBuf> {
        Ok(self.out.join("release").join(&self.entry(kind)?.file))
    }

    /// A part's file name.
    pub fn file_name(&self, kind: PartKind) -> Result<String> {
        Ok(self.entry(kind)?.file.clone())
    }

    /// A part's length in bytes.
    pub fn size(&self, kind: PartKind) -> Result<u64> {
        Ok(self.entry(kind)?.size)
    }

    fn entry(&self, kind: PartKind) -> Result<&Part> {
        self.manifest
            .parts
            .get(&kind)
            .with_context(|| format!("no part {kind:?}"))
    }

    /// Names this very build, for caches: the first hex digits of the ISO's SHA-256.
    pub fn short_digest(&self) -> Result<String> {
        let mut file =
            File::open(&self.iso).with_context(|| format!("opening {}", self.iso.display()))?;
        let mut hash = Sha256::new();
        std::io::copy(&mut file, &mut hash).context("hashing the ISO")?;
        Ok(hex::encode(&hash.finalize()[..6]))
    }
}
