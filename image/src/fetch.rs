//! Package files: from the cache, or from the mirror into the cache.

mod download;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::digest;
use crate::lock::Package;
use crate::mirror::Mirror;
use crate::progress::Progress;
use download::Target;

pub use download::FetchError;

/// Downloads that run at once.
const PARALLEL: usize = 6;

/// Package files by content.
pub struct Debs {
    dir: PathBuf,
}

impl Debs {
    /// The files in `dir`.
    pub fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Where the file of a package lies. The digest in its name keeps files of
    /// one name but different content apart.
    pub fn path(&self, package: &Package) -> PathBuf {
        let digest = &package.sha256[..16];
        self.dir.join(format!("{digest}_{}", package.file_name()))
    }

    /// Makes sure that the files of all `packages` are there and are what the
    /// lock says. What is missing is downloaded; an interrupted download goes
    /// on where it stopped. The first failure names its package and ends it all.
    pub fn ensure(
        &self,
        packages: &[&Package],
        mirror: impl FnOnce() -> Result<Mirror>,
    ) -> Result<()> {
        let mut missing = Vec::new();
        for package in packages {
            if !self.holds(package)? {
                missing.push(*package);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mirror = mirror()?;
        let total = missing.iter().map(|package| package.size).sum();
        eprintln!(
            "    {} packages to download, {}",
            missing.len(),
            megh_model::units::Bytes(total)
        );
        let progress = Mutex::new(Progress::new("packages", total));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.download_all(&missing, &mirror, &progress))?;
        progress
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .finish();
        Ok(())
    }

    async fn download_all(
        &self,
        missing: &[&Package],
        mirror: &Mirror,
        progress: &Mutex<Progress>,
    ) -> Result<()> {
        let client = download::client()?;
        stream::iter(missing.iter().map(|package| {
            let target = Target {
                package,
                url: mirror.url(package),
                path: self.path(package),
            };
            let client = &client;
            async move { target.download(client, progress).await }
        }))
        .buffer_unordered(PARALLEL)
        .try_collect::<()>()
        .await?;
        Ok(())
    }

    /// Whether the file is there, whole. A damaged one is removed.
    fn holds(&self, package: &Package) -> Result<bool> {
        let path = self.path(package);
        let Ok(meta) = fs::metadata(&path) else {
            return Ok(false);
        };
        if meta.len() == package.size && digest::file(&path)? == package.sha256 {
            return Ok(true);
        }
        eprintln!(
            "    {} is damaged in the cache; fetched again",
            package.name
        );
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        Ok(false)
    }
}
