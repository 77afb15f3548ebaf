//! SHA-256 of texts, files and folders.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Collects what a result depends on into one key.
#[derive(Clone, Default)]
pub struct Inputs(Sha256);

impl Inputs {
    /// Adds a named text.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.field(name.as_bytes());
        self.field(value.as_bytes());
        self
    }

    /// Adds a file's content.
    pub fn file(self, name: &str, path: &Path) -> Result<Self> {
        let digest = file(path)?;
        Ok(self.text(name, &digest))
    }

    /// Adds a folder: names, kinds, permissions and contents.
    pub fn folder(self, name: &str, path: &Path) -> Result<Self> {
        let digest = folder(path)?;
        Ok(self.text(name, &digest))
    }

    /// The key.
    pub fn key(self) -> String {
        hex::encode(self.0.finalize())
    }

    /// Lengths first, so that two lists never look alike.
    fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

/// SHA-256 of a file, in hex.
pub fn file(path: &Path) -> Result<String> {
    reader(File::open(path)).with_context(|| format!("cannot read {}", path.display()))
}

fn reader(file: io::Result<File>) -> io::Result<String> {
    let mut file = file?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// SHA-256 over a folder's tree, in hex; times and owners do not count.
pub fn folder(path: &Path) -> Result<String> {
    folder_without(path, &[])
}

/// The same, without these entries of the folder itself.
pub fn folder_without(path: &Path, left_out: &[&str]) -> Result<String> {
    let mut inputs = Inputs::default();
    tree(path, left_out, &mut inputs).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(inputs.key())
}

fn tree(folder: &Path, left_out: &[&str], inputs: &mut Inputs) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if left_out.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let meta = entry.metadata()?;
        inputs.field(entry.file_name().as_bytes());
        if meta.is_symlink() {
            inputs.field(b"link");
            inputs.field(fs::read_link(&path)?.as_os_str().as_bytes());
            continue;
        }
        inputs.field(format!("{:o}", meta.permissions().mode()).as_bytes());
        if meta.is_dir() {
            inputs.field(b"(");
            tree(&path, &[], inputs)?;
            inputs.field(b")");
        } else {
            inputs.field(reader(File::open(&path))?.as_bytes());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_lists_apart() {
        let joined = Inputs::default().text("a", "bc").key();
        let split = Inputs::default().text("ab", "c").key();
        assert_ne!(joined, split);
        assert_eq!(joined, Inputs::default().text("a", "bc").key());
    }

    #[test]
    fn a_folder_changes_with_names_contents_and_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let key = || folder(dir.path()).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/a"), "1").unwrap();
        let first = key();
        fs::write(dir.path().join("sub/a"), "2").unwrap();
        let second = key();
        fs::set_permissions(dir.path().join("sub/a"), PermissionsExt::from_mode(0o755)).unwrap();
        let third = key();
        fs::rename(dir.path().join("sub/a"), dir.path().join("a")).unwrap();
        let fourth = key();
        let all = [&first, &second, &third, &fourth];
        assert!((1..4).all(|at| all[at..].iter().all(|key| **key != *all[at - 1])));
    }
}
