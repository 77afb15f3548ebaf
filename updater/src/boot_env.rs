//! The boot environment on the two EFI system partitions, and the loader's
//! marker beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::boot_env::{
    BLOCK_PATH, BootEnv, EnvCopy, EnvFiles, MARKER_PATH, Marker, Reading, SUM_PATH, choose,
};

#[cfg(test)]
mod tests;

/// The two copies, on file systems that are mounted. One whose file system is
/// not mounted counts as absent and is not written.
#[derive(Debug, Clone)]
pub struct EnvStore {
    main: Option<PathBuf>,
    spare: Option<PathBuf>,
}

impl EnvStore {
    /// The copies below the mount points of `esp` and `esp-spare`.
    pub fn new(main: impl Into<PathBuf>, spare: impl Into<PathBuf>) -> Self {
        Self::of_mounted(Some(main.into()), Some(spare.into()))
    }

    /// The copies below those of the two mount points that are mounted.
    pub fn of_mounted(main: Option<PathBuf>, spare: Option<PathBuf>) -> Self {
        Self { main, spare }
    }

    /// What the two copies say together.
    pub fn read(&self) -> Reading {
        choose(self.copy(EnvCopy::Main), self.copy(EnvCopy::Spare))
    }

    /// What one copy says. One that cannot be read, whatever the reason, counts
    /// as absent, as it does for the loader.
    pub fn copy(&self, copy: EnvCopy) -> Option<BootEnv> {
        BootEnv::parse(&read_files(self.root(copy)?).ok()?).ok()
    }

    /// Makes both copies say this. The copy that is not in force is written
    /// first and is on the medium before the other is touched: at every moment
    /// one copy is whole. One that says it already is left alone.
    ///
    /// Fails when none is mounted. One alone is enough: the loader goes by the
    /// newer one.
    pub fn put(&self, machine: &dyn Machine, env: BootEnv) -> Result<(), PutError> {
        if self.main.is_none() && self.spare.is_none() {
            return Err(PutError::NotMounted);
        }
        let first = self.read().write_first;
        let second = match first {
            EnvCopy::Main => EnvCopy::Spare,
            EnvCopy::Spare => EnvCopy::Main,
        };
        for copy in [first, second] {
            match self.root(copy) {
                Some(root) if self.copy(copy) != Some(env) => {
                    put_copy(machine, root, &env.files())?;
                }
                Some(_) => {}
                None => tracing::warn!(?copy, "a copy of the boot environment is not mounted"),
            }
        }
        Ok(())
    }

    /// The loader's marker, if it can be read.
    pub fn marker(&self) -> Option<Marker> {
        Marker::parse(&fs::read(self.main.as_ref()?.join(MARKER_PATH)).ok()?)
    }

    /// Writes the marker over. Fails when `esp` is not mounted.
    pub fn put_marker(&self, machine: &dyn Machine, marker: Marker) -> Result<(), PutError> {
        let path = self.main.as_ref().ok_or(PutError::NotMounted)?;
        let path = path.join(MARKER_PATH);
        let written = machine.overwrite(&path, &marker.to_bytes());
        written.map_err(|source| PutError::Write { path, source })
    }

    fn root(&self, copy: EnvCopy) -> Option<&Path> {
        match copy {
            EnvCopy::Main => self.main.as_deref(),
            EnvCopy::Spare => self.spare.as_deref(),
        }
    }
}

/// Why the boot environment or the marker was not written.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// What had to be written lies on no file system that is mounted.
    #[error("the EFI system partition is not mounted")]
    NotMounted,
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn put_copy(machine: &dyn Machine, root: &Path, files: &EnvFiles) -> Result<(), PutError> {
    for (name, content) in [(BLOCK_PATH, &files.block), (SUM_PATH, &files.sum)] {
        let path = root.join(name);
        machine
            .overwrite(&path, content)
            .map_err(|source| PutError::Write { path, source })?;
    }
    Ok(())
}

fn read_files(root: &Path) -> io::Result<EnvFiles> {
    Ok(EnvFiles {
        block: fs::read(root.join(BLOCK_PATH))?,
        sum: fs::read(root.join(SUM_PATH))?,
    })
}
