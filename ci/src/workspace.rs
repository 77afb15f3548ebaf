//! The checkout and the folders beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    cache: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The checkout that this program was compiled from.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the crate lies in the checkout")?
            .to_owned();
        let cache = match std::env::var_os("MEGHOS_CACHE") {
            Some(dir) => PathBuf::from(dir),
            None => {
                let home =
                    std::env::var_os("HOME").context("neither MEGHOS_CACHE nor HOME is set")?;
                PathBuf::from(home).join(".cache/meghos")
            }
        };
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| cache.join("target"), PathBuf::from);
        Ok(Self {
            root,
            cache,
            target,
        })
    }

    /// The checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What outlives a checkout: packages, tools, installed disks.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// Where the built image and its release go.
    pub(crate) fn out(&self) -> PathBuf {
        self.root.join("out")
    }

    /// A program started in the checkout.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Cmd {
        Cmd::new(program)
            .cwd(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
    }

    /// Cargo, started in the checkout.
    pub(crate) fn cargo(&self, subcommand: &str) -> Cmd {
        // The variables that the cargo which runs this program has set for it
        // would make the next one rebuild what did not change.
        self.program("cargo")
            .env_remove("CARGO_MANIFEST_DIR")
            .arg(subcommand)
    }

    /// The folders of all crates, relative to the checkout.
    pub(crate) fn members(&self) -> Result<Vec<String>> {
        let path = self.root.join("Cargo.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let manifest: toml::Table =
            toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        let members = manifest
            .get("workspace")
            .and_then(|workspace| workspace.get("members"))
            .and_then(toml::Value::as_array)
            .context("the workspace lists no members")?;
        Ok(members
            .iter()
            .filter_map(|member| member.as_str().map(str::to_owned))
            .collect())
    }
}
