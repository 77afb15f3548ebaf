//! What is done to files, one thing at a time and each on the disk before the
//! next begins.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::machine::offline;
use crate::sqlite;

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Removes a file or a folder that may not be there.
    Clear(PathBuf),
    /// Makes a folder, readable by its owner only.
    Make(PathBuf),
    /// Takes over what a crash left in the write-ahead log of a database.
    Settle(PathBuf),
    /// Copies a database that nobody has open.
    Copy {
        /// The database.
        from: PathBuf,
        /// A file that is not there yet.
        to: PathBuf,
    },
    /// Copies a file.
    CopyFile {
        /// The file.
        from: PathBuf,
        /// A file that is not there yet.
        to: PathBuf,
    },
    /// Begins an epoch in a copy of the state.
    Epoch {
        /// The copy.
        state: PathBuf,
        /// Its epoch.
        epoch: u64,
    },
    /// Writes a file anew.
    Write {
        /// The file.
        path: PathBuf,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// Gives something whole its name, in place of a file that has it.
    Rename {
        /// What is whole.
        from: PathBuf,
        /// Its name.
        to: PathBuf,
    },
}

/// Does everything in order, up to the first error.
pub(super) fn perform(actions: &[Action]) -> Result<(), StoreError> {
    actions.iter().try_for_each(Action::perform)
}

/// The actions that replace a file's content in one move.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> [Action; 2] {
    let new = path.with_extension("new");
    [
        Action::Write {
            path: new.clone(),
            bytes: bytes.to_owned(),
        },
        Action::Rename {
            from: new,
            to: path.to_owned(),
        },
    ]
}

impl Action {
    fn perform(&self) -> Result<(), StoreError> {
        match self {
            Self::Clear(path) => clear(path).map_err(|source| failed("remove", path, source)),
            Self::Make(path) => make(path).map_err(|source| failed("create", path, source)),
            Self::Settle(path) => Ok(sqlite::settle(path)?),
            Self::Copy { from, to } => {
                sqlite::settle(from)?;
                Ok(sqlite::copy_into(from, to)?)
            }
            Self::CopyFile { from, to } => {
                copy(from, to).map_err(|source| failed("write", to, source))
            }
            Self::Epoch { state, epoch } => Ok(offline::set_epoch(state, *epoch)?),
            Self::Write { path, bytes } => {
                write(path, bytes).map_err(|source| failed("write", path, source))
            }
            Self::Rename { from, to } => {
                rename(from, to).map_err(|source| failed("replace", to, source))
            }
        }
    }
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        operation,
        path: path.to_owned(),
        source,
    }
}

fn clear(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.and_then(|()| sync_folder(path))
}

fn make(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    sync_folder(path)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    sync_folder(to)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The content of a folder reaches the disk before its name does.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_folder(to)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
