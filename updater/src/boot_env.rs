//! The boot environment on the two EFI system partitions, and the loader's
//! marker beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_model::boot_env::{
    BLOCK_PATH, BootEnv, EnvCopy, EnvFiles, MARKER_PATH, Marker, Reading, SUM_PATH, choose,
};

use crate::UpdateError;

#[cfg(test)]
mod tests;

/// The two copies, on file systems that are mounted.
#[derive(Debug, Clone)]
pub struct EnvStore {
    main: PathBuf,
    spare: PathBuf,
}

impl EnvStore {
    /// The copies below the mount points of `esp` and `esp-spare`.
    pub fn new(main: impl Into<PathBuf>, spare: impl Into<PathBuf>) -> Self {
        Self {
            main: main.into(),
            spare: spare.into(),
        }
    }

    /// What the two copies say together.
    pub fn read(&self) -> Reading {
        choose(self.copy(EnvCopy::Main), self.copy(EnvCopy::Spare))
    }

    /// What one copy says. One that cannot be read, whatever the reason, counts
    /// as absent, as it does for the loader.
    pub fn copy(&self, copy: EnvCopy) -> Option<BootEnv> {
        BootEnv::parse(&read_files(self.root(copy)).ok()?).ok()
    }

    /// Makes both copies say this. The copy that is not in force is written
    /// first and is on the medium before the other is touched: at every moment
    /// one copy is whole. One that says it already is left alone.
    pub fn put(&self, machine: &dyn Machine, env: BootEnv) -> Result<(), UpdateError> {
        let first = self.read().write_first;
        let second = match first {
            EnvCopy::Main => EnvCopy::Spare,
            EnvCopy::Spare => EnvCopy::Main,
        };
        for copy in [first, second] {
            if self.copy(copy) != Some(env) {
                self.put_copy(machine, copy, &env.files())?;
            }
        }
        Ok(())
    }

    fn put_copy(
        &self,
        machine: &dyn Machine,
        copy: EnvCopy,
        files: &EnvFiles,
    ) -> Result<(), UpdateError> {
        for (name, content) in [(BLOCK_PATH, &files.block), (SUM_PATH, &files.sum)] {
            let path = self.root(copy).join(name);
            machine
                .overwrite(&path, content)
                .map_err(UpdateError::file("write", path))?;
        }
        Ok(())
    }

    /// The loader's marker, if it can be read.
    pub fn marker(&self) -> Option<Marker> {
        Marker::parse(&fs::read(self.main.join(MARKER_PATH)).ok()?)
    }

    /// Writes the marker over.
    pub fn put_marker(&self, machine: &dyn Machine, marker: Marker) -> Result<(), UpdateError> {
        let path = self.main.join(MARKER_PATH);
        machine
            .overwrite(&path, &marker.to_bytes())
            .map_err(UpdateError::file("write", path))
    }

    fn root(&self, copy: EnvCopy) -> &Path {
        match copy {
            EnvCopy::Main => &self.main,
            EnvCopy::Spare => &self.spare,
        }
    }
}

fn read_files(root: &Path) -> io::Result<EnvFiles> {
    Ok(EnvFiles {
        block: fs::read(root.join(BLOCK_PATH))?,
        sum: fs::read(root.join(SUM_PATH))?,
    })
}
