//! The boot environment on the two EFI system partitions: load, edit, write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use megh_model::boot_env::{BLOCK_PATH, BootEnv, EnvCopy, EnvFiles, Reading, SUM_PATH, choose};
use megh_model::slot::BootChoice;

#[cfg(test)]
mod tests;

/// Why the boot environment could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {} of the boot environment", path.display())]
pub struct WriteError {
    /// The file.
    path: PathBuf,
    /// What the system said.
    source: io::Error,
}

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

    /// What the two copies say together. A copy that cannot be read, whatever
    /// the reason, counts as absent, as it does for the loader.
    pub fn read(&self) -> Reading {
        let read = |copy| BootEnv::parse(&read_files(self.root(copy)).ok()?).ok();
        choose(read(EnvCopy::Main), read(EnvCopy::Spare))
    }

    /// Makes `choice` the loader's, in both copies, and returns what was
    /// written. The copy that is not in use is written first and is on disk
    /// before the other is touched: at every moment one copy is whole.
    pub fn write(&self, choice: BootChoice) -> Result<BootEnv, WriteError> {
        let Reading {
            current,
            write_first,
        } = self.read();
        let env = current.map_or(BootEnv::first(choice), |env| env.next(choice));
        let files = env.files();
        let second = match write_first {
            EnvCopy::Main => EnvCopy::Spare,
            EnvCopy::Spare => EnvCopy::Main,
        };
        write_files(self.root(write_first), &files)?;
        write_files(self.root(second), &files)?;
        Ok(env)
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

fn write_files(root: &Path, files: &EnvFiles) -> Result<(), WriteError> {
    for (name, content) in [(BLOCK_PATH, &files.block), (SUM_PATH, &files.sum)] {
        let path = root.join(name);
        overwrite(&path, content).map_err(|source| WriteError { path, source })?;
    }
    Ok(())
}

/// Writes over the file in place: FAT has no atomic rename, but a file that
/// keeps its size keeps its clusters, and nothing but its own data changes.
fn overwrite(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path
        .parent()
        .ok_or_else(|| io::Error::other("no parent directory"))?;
    fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()?;
    File::open(dir)?.sync_all()
}
