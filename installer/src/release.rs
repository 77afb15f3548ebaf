//! The release to be installed. A [`Release`] has a manifest that a trusted key
//! signed; its parts are checked while they are read.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_host::disk::CHUNK;
use megh_model::release::{
    KeyError, MANIFEST_FILE, Part, PartError, PartKind, SIGNATURE_FILE, TrustedKey,
    VerifiedManifest, VerifyError, verify,
};

/// Manifest, signature and keys are small.
const SMALL_FILE: u64 = 1 << 20;

/// A signed release in a directory.
#[derive(Debug, Clone)]
pub struct Release {
    dir: PathBuf,
    manifest: VerifiedManifest,
    documents: [(&'static str, Vec<u8>); 2],
}

/// Why a release cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file with a key holds none.
    #[error("{} is no key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// There is nobody to trust.
    #[error("there are no trusted keys in {}", .0.display())]
    NoKeys(PathBuf),
    /// Signature or manifest is not right.
    #[error(transparent)]
    Manifest(#[from] VerifyError),
    /// A part is not what was signed.
    #[error(transparent)]
    Part(#[from] PartError),
}

impl Release {
    /// Opens the release in `dir` and checks its signature; the parts are not read yet.
    pub fn open(machine: &dyn Machine, dir: &Path, keys: &Path) -> Result<Self, ReleaseError> {
        let keys = trusted_keys(machine, keys)?;
        let document = read_small(machine, &dir.join(MANIFEST_FILE))?;
        let signature = read_small(machine, &dir.join(SIGNATURE_FILE))?;
        let manifest = verify(&document, &signature, &keys)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
            documents: [(MANIFEST_FILE, document), (SIGNATURE_FILE, signature)],
        })
    }

    /// The verified documents with their names, byte for byte.
    pub const fn documents(&self) -> &[(&'static str, Vec<u8>); 2] {
        &self.documents
    }

    /// The signed list of parts.
    pub const fn manifest(&self) -> &VerifiedManifest {
        &self.manifest
    }

    /// The file of a part.
    pub fn path(&self, kind: PartKind) -> PathBuf {
        self.dir.join(&self.part(kind).file)
    }

    /// What the manifest says of a part.
    pub fn part(&self, kind: PartKind) -> &Part {
        self.manifest.part(kind)
    }

    /// Reads a part from beginning to end and hands over its bytes. They are
    /// right only when this returns without an error.
    pub fn stream<E: From<ReleaseError>>(
        &self,
        machine: &dyn Machine,
        kind: PartKind,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut check = self.manifest.check(kind);
        self.stream_unchecked(machine, kind, |bytes| {
            check.update(bytes).map_err(ReleaseError::from)?;
            each(bytes)
        })?;
        check.finish().map_err(ReleaseError::from)?;
        Ok(())
    }

    /// Reads a part without looking at it: for who compares with the manifest
    /// what became of the bytes.
    pub fn stream_unchecked<E: From<ReleaseError>>(
        &self,
        machine: &dyn Machine,
        kind: PartKind,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path(kind);
        let fail = |source| ReleaseError::Read {
            path: path.clone(),
            source,
        };
        let file = machine.open_file(&path).map_err(fail)?;
        // A file that grew in the meantime must not run over its partition.
        let mut file = file.take(self.part(kind).size);
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = fill(&mut file, &mut buffer).map_err(fail)?;
            if count == 0 {
                return Ok(());
            }
            each(&buffer[..count])?;
        }
    }

    /// A whole small part, checked.
    pub fn bytes(&self, machine: &dyn Machine, kind: PartKind) -> Result<Vec<u8>, ReleaseError> {
        let mut bytes = Vec::new();
        self.stream(machine, kind, |piece| {
            bytes.extend_from_slice(piece);
            Ok::<_, ReleaseError>(())
        })?;
        Ok(bytes)
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn trusted_keys(machine: &dyn Machine, dir: &Path) -> Result<Vec<TrustedKey>, ReleaseError> {
    let fail = |source| ReleaseError::Read {
        path: dir.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(ReleaseError::NoKeys(dir.to_owned()));
    }
    paths.sort();
    let key = |path: PathBuf| {
        let text = String::from_utf8_lossy(&read_small(machine, &path)?).into_owned();
        TrustedKey::parse(&text).map_err(|source| ReleaseError::Key { path, source })
    };
    paths.into_iter().map(key).collect()
}

fn read_small(machine: &dyn Machine, path: &Path) -> Result<Vec<u8>, ReleaseError> {
    let mut bytes = Vec::new();
    machine
        .open_file(path)
        .and_then(|file| file.take(SMALL_FILE).read_to_end(&mut bytes))
        .map_err(|source| ReleaseError::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}
