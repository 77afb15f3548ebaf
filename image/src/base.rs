//! The packages of the image, installed: the root file system without the
//! product.

mod kernel;
mod strip;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_model::recipe::Recipe;
use serde::{Deserialize, Serialize};

use crate::digest::Inputs;
use crate::fetch::Debs;
use crate::lock::{Lock, Package, fingerprint};
use crate::mirror::Mirror;
use crate::repository;
use crate::stage::{Stages, remove};
use crate::tools::Tools;

/// Folders that packages fill with what nobody reads on an appliance. The
/// licences stay.
const EXCLUDES: [&str; 7] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/bash-completion/*",
];

/// The installed packages.
pub struct Base {
    dir: PathBuf,
    /// The key of all that it was made from.
    pub key: String,
}

/// Installed sizes by package, as the packages say.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    kernel_release: String,
    installed: Vec<(String, u64)>,
}

impl Base {
    /// The root file system.
    pub fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// The kernel itself.
    pub fn kernel(&self) -> PathBuf {
        self.dir.join("vmlinuz")
    }

    /// The kernel's release, as `uname -r` says it.
    pub fn kernel_release(&self) -> Result<String> {
        Ok(self.record()?.kernel_release)
    }

    /// Installed sizes by package.
    pub fn installed(&self) -> Result<Vec<(String, u64)>> {
        Ok(self.record()?.installed)
    }

    fn record(&self) -> Result<Record> {
        let path = self.dir.join("record.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }
}

/// Installs the lock's packages; nothing is done when that was done before.
pub fn make(
    stages: &Stages,
    tools: &Tools,
    lock: &Lock,
    recipe: &Recipe,
    debs: &Debs,
) -> Result<Base> {
    let (image, kernel) = (lock.image(), lock.kernel());
    let key = Inputs::default()
        .text("code", include_str!("base.rs"))
        .text("code", include_str!("base/kernel.rs"))
        .text("code", include_str!("base/strip.rs"))
        .text("epoch", &lock.epoch.to_string())
        .text("tools", &fingerprint(&lock.tools()))
        .text("packages", &fingerprint(&image))
        .text("kernel", &fingerprint(&kernel))
        .text("strip", &recipe.strip.join("\n"))
        .key();
    let dir = stages.folder("base", &key, |dir| {
        let all: Vec<&Package> = image.iter().chain(&kernel).copied().collect();
        debs.ensure(&all, Mirror::of_this_machine)?;
        let repository = dir.join("repository");
        let mut installed = repository::write(&repository, &recipe.suite, &image, debs)?;
        let root = dir.join("root");
        bootstrap(tools, &root, &recipe.suite, &image, &repository)?;
        remove(&repository)?;
        let (kernel_release, size) = kernel::unpack(tools, &kernel, debs, dir, &root)?;
        installed.extend(size);
        strip::strip(&root, &recipe.strip)?;
        kernel::index_modules(tools, &root, &kernel_release)?;
        let record = Record {
            kernel_release,
            installed,
        };
        fs::write(dir.join("record.json"), serde_json::to_vec(&record)?)
            .context("cannot record the base")
    })?;
    Ok(Base { dir, key })
}

fn bootstrap(
    tools: &Tools,
    root: &Path,
    suite: &str,
    packages: &[&Package],
    repository: &Path,
) -> Result<()> {
    let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    tools
        .cmd("mmdebstrap")
        .args(["--quiet", "--variant=essential", "--mode=root"])
        .args(["--architectures=amd64", "--dpkgopt=force-unsafe-io"])
        .args(EXCLUDES.map(|option| format!("--dpkgopt={option}")))
        .arg(format!("--include={}", names.join(",")))
        .args([suite.as_ref(), tools.inside(root).as_os_str()])
        .arg(format!(
            "deb [trusted=yes] copy:{} {suite} main",
            tools.inside(repository).display()
        ))
        .run()
        .context("the image's packages cannot be installed")?;
    Ok(())
}
