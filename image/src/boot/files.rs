//! Small files with a context in their errors.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file, and the folders it lies in.
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    make_parent(path)?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Copies a file with these permissions, making the folders it lies in.
pub(super) fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    make_parent(to)?;
    fs::copy(from, to)
        .and_then(|_| fs::set_permissions(to, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Makes a symbolic link, and the folders it lies in.
pub(super) fn link(goal: &str, path: &Path) -> Result<()> {
    make_parent(path)?;
    symlink(goal, path).with_context(|| format!("cannot link {}", path.display()))
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}
