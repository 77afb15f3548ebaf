//! Making the tools root with this machine's mmdebstrap.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::digest::Inputs;
use crate::fetch::Debs;
use crate::lock::{Lock, fingerprint};
use crate::mirror::Mirror;
use crate::repository;
use crate::stage::Stages;

/// The tools root of a lock; made when it is not in the cache.
pub fn make(stages: &Stages, lock: &Lock, suite: &str, debs: &Debs) -> Result<PathBuf> {
    let packages = lock.tools();
    let key = Inputs::default()
        .text("code", include_str!("root.rs"))
        .text("suite", suite)
        .text("packages", &fingerprint(&packages))
        .key();
    let made = stages.folder("tools", &key, |dir| {
        debs.ensure(&packages, Mirror::of_this_machine)?;
        let repository = dir.join("repository");
        repository::write(&repository, suite, &packages, debs)?;
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        bootstrap(&dir.join("root"), suite, &names, &repository, lock.epoch)?;
        crate::stage::remove(&repository)
    })?;
    Ok(made.join("root"))
}

fn bootstrap(
    root: &Path,
    suite: &str,
    names: &[&str],
    repository: &Path,
    epoch: u64,
) -> Result<()> {
    Cmd::new("mmdebstrap")
        .args(["--quiet", "--variant=essential", "--mode=root"])
        .args(["--architectures=amd64", "--dpkgopt=force-unsafe-io"])
        .arg(format!("--include={}", names.join(",")))
        .args([suite.as_ref(), root.as_os_str()])
        .arg(format!(
            "deb [trusted=yes] copy:{} {suite} main",
            repository.display()
        ))
        .env("LC_ALL", "C.UTF-8")
        .env("SOURCE_DATE_EPOCH", epoch.to_string())
        .run()
        .context("the tools root cannot be made")?;
    Ok(())
}
