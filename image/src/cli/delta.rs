//! `megh-image delta`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::delta;
use crate::lock::Lock;

/// What to compare.
#[derive(Args)]
pub(super) struct DeltaArgs {
    /// Directory of the release that a machine has
    old: PathBuf,
    /// Directory of the release that it is to have
    new: PathBuf,
    /// The locks of both, to tell how large the changed packages are
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    locks: Option<Vec<PathBuf>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl DeltaArgs {
    pub(super) fn run(&self) -> Result<()> {
        let locks = match self.locks.as_deref() {
            Some([old, new]) => Some((read(old)?, read(new)?)),
            _ => None,
        };
        let locks = locks.as_ref().map(|(old, new)| (old, new));
        let comparison = delta::compare(&self.old, &self.new, locks)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&comparison)?);
        } else {
            print!("{}", delta::table(&comparison));
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Lock> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Lock::parse(&text).with_context(|| format!("{} is not a lock", path.display()))
}
