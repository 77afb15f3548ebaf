//! Files and directories, changed so that a crash shows the old or the new.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use uuid::Uuid;

use crate::Capacity;

/// Gives a finished file or directory its name, once its content is on disk.
pub(super) fn publish(part: &Path, whole: &Path) -> io::Result<()> {
    sync(part)?;
    if part.is_dir() {
        for entry in fs::read_dir(part)? {
            sync(&entry?.path())?;
        }
    }
    fs::rename(part, whole)?;
    match whole.parent() {
        Some(folder) => sync(folder),
        None => Ok(()),
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes a file or a directory with its content, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Ids of all entries that are an id and one of these endings.
pub(super) fn ids(directory: &Path, endings: &[&str]) -> io::Result<Vec<Uuid>> {
    let mut ids = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        let stems = endings
            .iter()
            .filter_map(|ending| name.strip_suffix(ending));
        ids.extend(stems.filter_map(|stem| stem.parse::<Uuid>().ok()));
    }
    Ok(ids.into_iter().collect())
}

/// Room on the file system of a directory.
pub(super) fn room(directory: &Path) -> io::Result<Capacity> {
    let found = statvfs(directory)?;
    let unit = found.fragment_size();
    Ok(Capacity {
        total: found.blocks() * unit,
        free: found.blocks_available() * unit,
    })
}
