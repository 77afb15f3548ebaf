//! Making a lock from what the archive has today.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use megh_model::recipe::{KERNEL_GROUP, Recipe, TOOLS_GROUP};

use super::{Lock, Package};
use crate::apt::PrivateApt;
use crate::mirror::Mirror;

const DAY: u64 = 24 * 60 * 60;

/// Resolves the recipe's packages, image and tools each as if from nothing.
/// `dir` holds apt's private state.
pub fn refresh(recipe: &Recipe, mirror: &Mirror, dir: &Path) -> Result<Lock> {
    let apt = PrivateApt::new(dir, recipe, mirror)?;
    apt.update()?;
    let mut packages = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for group in &recipe.groups {
        asked.extend(group.packages.iter().map(String::as_str));
        let found = apt
            .resolve(&asked)
            .with_context(|| format!("group `{}` cannot be resolved", group.name))?;
        let new = found
            .into_iter()
            .filter(|package| known.insert(package.name.clone()));
        packages.extend(sorted(new, &group.name));
    }
    packages.extend(sorted([apt.kernel(&recipe.kernel)?], KERNEL_GROUP));
    let tools: Vec<&str> = recipe.tools.iter().map(String::as_str).collect();
    let tools = apt
        .resolve(&tools)
        .context("the tools cannot be resolved")?;
    packages.extend(sorted(tools, TOOLS_GROUP));
    let lock = Lock {
        epoch: today()?,
        packages,
    };
    // What is written must be readable.
    ensure!(
        Lock::parse(&lock.to_text())? == lock,
        "the lock does not survive being written"
    );
    Ok(lock)
}

fn sorted(packages: impl IntoIterator<Item = Package>, group: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = packages
        .into_iter()
        .map(|package| Package {
            group: group.to_owned(),
            ..package
        })
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

fn today() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(now - now % DAY)
}
