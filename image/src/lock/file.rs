//! The lock's text: TOML, one line per package, so that a difference between
//! two locks reads as a list of packages.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::{Lock, Package};

const SCHEMA: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    schema: u32,
    epoch: u64,
    packages: Vec<Package>,
}

impl Lock {
    /// Where the lock of a recipe lies: beside it.
    pub fn path_for(recipe: &Path) -> PathBuf {
        recipe.with_extension("lock")
    }

    /// Reads the lock of a recipe.
    pub fn load(recipe: &Path) -> Result<Self> {
        let path = Self::path_for(recipe);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}; `megh-image lock {}` makes it",
                path.display(),
                recipe.display()
            )
        })?;
        Self::parse(&text).with_context(|| format!("{} is not a lock", path.display()))
    }

    /// Writes the lock of a recipe.
    pub fn save(&self, recipe: &Path) -> Result<()> {
        let path = Self::path_for(recipe);
        fs::write(&path, self.to_text()).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads a lock's text.
    pub fn parse(text: &str) -> Result<Self> {
        let raw: RawLock = toml::from_str(text)?;
        ensure!(
            raw.schema == SCHEMA,
            "schema is {}, and this version reads {SCHEMA}",
            raw.schema
        );
        let mut seen = BTreeSet::new();
        for package in &raw.packages {
            check(package)?;
            if !seen.insert((&package.group, &package.name, &package.arch)) {
                bail!("{package} stands there twice");
            }
        }
        Ok(Self {
            epoch: raw.epoch,
            packages: raw.packages,
        })
    }

    /// The lock's text.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "# Exact packages of the recipe beside this file. Made by `megh-image lock`; not edited by hand.\n\
             schema = {SCHEMA}\nepoch = {}\npackages = [\n",
            self.epoch
        );
        for p in &self.packages {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "  {{ group = \"{}\", name = \"{}\", version = \"{}\", arch = \"{}\", size = {}, sha256 = \"{}\", archive = \"{}\", path = \"{}\" }},",
                p.group, p.name, p.version, p.arch, p.size, p.sha256, p.archive, p.path
            );
        }
        text.push_str("]\n");
        text
    }
}

/// A lock comes from a repository and its paths become paths here.
fn check(package: &Package) -> Result<()> {
    let plain = |text: &str, also: &[u8]| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
    };
    let path = package
        .path
        .split('/')
        .all(|name| plain(name, b"+-._~") && name != "." && name != "..");
    let digest = package.sha256.len() == 64
        && package
            .sha256
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    ensure!(plain(&package.group, b" -"), "package {package}: bad group");
    ensure!(plain(&package.name, b"+-."), "package {package}: bad name");
    ensure!(
        plain(&package.version, b"+-.~:"),
        "package {package}: bad version"
    );
    ensure!(
        ["amd64", "all"].contains(&package.arch.as_str()),
        "package {package}: bad architecture `{}`",
        package.arch
    );
    ensure!(digest, "package {package}: bad SHA-256");
    ensure!(
        path && package.path.ends_with(".deb"),
        "package {package}: bad path `{}`",
        package.path
    );
    Ok(())
}
