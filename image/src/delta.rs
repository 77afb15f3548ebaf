//! What an update from one release to another moves, by several methods: for
//! choosing one, and for publishing the figures.
//!
//! Nothing is served or written. The client's own rules ([`megh_model::delta`])
//! decide what would be fetched.

mod method;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_model::release::{MANIFEST_FILE, PartKind, Verity, signature_file};
use serde::Serialize;

use crate::digest;
use crate::lock::Lock;

pub use method::Method;
pub use table::table;

/// A release's directory.
pub(crate) struct Release {
    dir: PathBuf,
    verity: Verity,
}

impl Release {
    fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(MANIFEST_FILE);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // Also those of earlier versions, whose manifests had other fields.
        let manifest: serde_json::Value = serde_json::from_slice(&text)?;
        let verity = serde_json::from_value(manifest["verity"].clone())
            .with_context(|| format!("{} tells nothing of verity", path.display()))?;
        Ok(Self {
            dir: dir.to_owned(),
            verity,
        })
    }

    fn file(&self, kind: PartKind) -> PathBuf {
        self.dir.join(kind.file())
    }

    fn size(&self, kind: PartKind) -> Result<u64> {
        let file = self.file(kind);
        let meta =
            fs::metadata(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(meta.len())
    }
}

/// What one method moves; bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// The method, as tables name it.
    pub method: &'static str,
    /// Chunk indices.
    pub index: u64,
    /// Of each part, indices not included.
    pub parts: BTreeMap<PartKind, u64>,
    /// Requests for ranges.
    pub requests: usize,
    /// Everything, documents included.
    pub total: u64,
}

/// The comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The whole release: its parts and documents; bytes.
    pub full: u64,
    /// Packages that differ between the locks, as their archive has them; bytes.
    pub changed_packages: Option<u64>,
    /// The methods.
    pub methods: Vec<Moved>,
}

/// Compares all methods for an update from the release in `old` to that in `new`.
pub fn compare(old: &Path, new: &Path, locks: Option<(&Lock, &Lock)>) -> Result<Comparison> {
    let (old, new) = (Release::open(old)?, Release::open(new)?);
    let documents = documents(&new)?;
    let mut full = documents;
    for kind in PartKind::ALL {
        full += new.size(kind)?;
    }
    let mut methods = Vec::new();
    for method in Method::ALL {
        let mut moved = method.measure(&old, &new)?;
        moved.total = documents + moved.index + moved.parts.values().sum::<u64>();
        methods.push(moved);
    }
    Ok(Comparison {
        full,
        changed_packages: locks.map(|(old, new)| changed(old, new)),
        methods,
    })
}

/// The manifest and its signature; beside the parts the other documents are nothing.
fn documents(release: &Release) -> Result<u64> {
    let names = [MANIFEST_FILE.to_owned(), signature_file(MANIFEST_FILE)];
    let sizes = names.map(|name| fs::metadata(release.dir.join(name)).map(|meta| meta.len()));
    let mut sum = 0;
    for size in sizes {
        sum += size.context("the release has no manifest")?;
    }
    Ok(sum)
}

/// The packages of the image that only the new lock has, in this version.
fn changed(old: &Lock, new: &Lock) -> u64 {
    let shipped = |lock: &Lock| -> BTreeMap<String, u64> {
        let packages = lock.packages.iter().filter(|p| p.group != "tools");
        packages.map(|p| (p.sha256.clone(), p.size)).collect()
    };
    let before = shipped(old);
    let after = shipped(new).into_iter();
    after
        .filter(|(digest, _)| !before.contains_key(digest))
        .map(|(_, size)| size)
        .sum()
}

/// Whether both releases have the same bytes for a part.
fn same(old: &Release, new: &Release, kind: PartKind) -> Result<bool> {
    Ok(digest::file(&old.file(kind))? == digest::file(&new.file(kind))?)
}

#[cfg(test)]
mod tests;
