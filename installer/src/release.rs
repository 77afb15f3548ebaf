//! The release to be installed. A [`Release`] has a manifest that the verifier
//! believed; its parts are checked while they are read.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use megh_host::Machine;
use megh_host::disk::CHUNK;
use megh_model::release::{
    Channel, Demands, Document, MANIFEST_FILE, Part, PartError, PartKind, Place as Lies, ROOT_FILE,
    ReadError, SIGNATURE_FILE, TrustState, TrustedRoot, VerifiedManifest, Verifier, VerifyError,
    signature_file,
};

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
    /// The image's own root document is not there.
    #[error("there is no root document {}", .0.display())]
    NoRoot(PathBuf),
    /// No index of any channel.
    #[error("there is no release in {}", .0.display())]
    NoIndex(PathBuf),
    /// A document is not right, or too old.
    #[error(transparent)]
    Refused(#[from] VerifyError),
    /// A part is not what was signed.
    #[error(transparent)]
    Part(#[from] PartError),
}

impl ReleaseError {
    /// Whether only the release's age speaks against it, so that a person's
    /// word lets it pass.
    pub fn is_age(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.is_age())
    }
}

impl Release {
    /// Opens the release in `dir` and checks its documents, beginning with the
    /// root document in `keys`; the parts are not read yet. `allow_expired` is a
    /// person's word that an old release is meant.
    pub fn open(
        machine: &dyn Machine,
        dir: &Path,
        keys: &Path,
        allow_expired: bool,
    ) -> Result<Self, ReleaseError> {
        let mut read = |file: &str, limit| read_small(machine, &dir.join(file), limit);
        let built_in = built_in_root(machine, keys)?;
        let root = built_in.follow(allow_expired, &mut read).map_err(why)?;
        let demands = Demands {
            allow_expired,
            ..Demands::at(now())
        };
        let trust = TrustState::default();
        let verifier = Verifier::new(&root, &trust, &demands)?;
        let channel = Channel::ALL
            .into_iter()
            .find(|channel| machine.open_file(&dir.join(channel.index_file())).is_ok())
            .ok_or_else(|| ReleaseError::NoIndex(dir.to_owned()))?;
        let index = verifier.read_index(channel, &mut read).map_err(why)?;
        let version = index.releases().map(|listed| listed.version).max();
        let version = version.ok_or_else(|| ReleaseError::NoIndex(dir.to_owned()))?;
        let signed = verifier
            .read_manifest(&index, version, Lies::Flat, &mut read)
            .map_err(why)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest: signed.manifest,
            documents: [
                (MANIFEST_FILE, signed.bytes),
                (SIGNATURE_FILE, signed.signatures),
            ],
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

fn built_in_root(machine: &dyn Machine, keys: &Path) -> Result<TrustedRoot, ReleaseError> {
    let limit = Document::Root.limit();
    let path = keys.join(ROOT_FILE);
    let missing = || ReleaseError::NoRoot(path.clone());
    let bytes = read_small(machine, &path, limit)?.ok_or_else(missing)?;
    let signatures = read_small(machine, &keys.join(signature_file(ROOT_FILE)), limit)?;
    Ok(TrustedRoot::built_in(
        &bytes,
        &signatures.unwrap_or_default(),
    )?)
}

/// What the source of documents said is an error of this module already.
fn why(error: ReadError<ReleaseError>) -> ReleaseError {
    match error {
        ReadError::Source { source, .. } => source,
        ReadError::Refused(refused) => refused.into(),
    }
}

/// Seconds since 1970; a clock before that counts as that.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A file with at most one byte more than the limit, which the verifier then
/// refuses; none when there is no such file.
fn read_small(
    machine: &dyn Machine,
    path: &Path,
    limit: usize,
) -> Result<Option<Vec<u8>>, ReleaseError> {
    let fail = |source| ReleaseError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match machine.open_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    Ok(Some(bytes))
}
