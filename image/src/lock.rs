//! The lock file: every package, exactly.

mod diff;
mod file;
mod refresh;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Deserialize;

use megh_model::recipe::{KERNEL_GROUP, TOOLS_GROUP};

pub use diff::{Change, compare};
pub use refresh::refresh;

/// Which of Debian's archives a package lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Archive {
    /// The main archive, with its updates.
    Debian,
    /// The archive of security updates.
    DebianSecurity,
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debian => "debian",
            Self::DebianSecurity => "debian-security",
        })
    }
}

/// One package, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The group of the recipe that brought it in.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Its version, epoch included.
    pub version: String,
    /// Its architecture: `amd64` or `all`.
    pub arch: String,
    /// Size of the package file.
    pub size: u64,
    /// SHA-256 of the package file, in hex.
    pub sha256: String,
    /// The archive it lies in.
    pub archive: Archive,
    /// Its path in that archive.
    pub path: String,
}

impl Package {
    /// The file's own name.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// All that a recipe needs, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The day on which it was made, in seconds since 1970; every time stamp
    /// in the image is this one.
    pub epoch: u64,
    /// The packages, by group in the order of the recipe, then by name.
    pub packages: Vec<Package>,
}

impl Lock {
    /// A lock of nothing.
    pub const fn empty() -> Self {
        Self {
            epoch: 0,
            packages: Vec::new(),
        }
    }

    /// What is installed in the image.
    pub fn image(&self) -> Vec<&Package> {
        self.select(|group| group != TOOLS_GROUP && group != KERNEL_GROUP)
    }

    /// What the tools root is made of.
    pub fn tools(&self) -> Vec<&Package> {
        self.select(|group| group == TOOLS_GROUP)
    }

    /// The kernel's package.
    pub fn kernel(&self) -> Vec<&Package> {
        self.select(|group| group == KERNEL_GROUP)
    }

    fn select(&self, wanted: impl Fn(&str) -> bool) -> Vec<&Package> {
        self.packages
            .iter()
            .filter(|package| wanted(&package.group))
            .collect()
    }
}

/// One text that changes whenever one of these packages does.
pub fn fingerprint(packages: &[&Package]) -> String {
    packages
        .iter()
        .map(|package| format!("{} {}\n", package.name, package.sha256))
        .collect()
}
