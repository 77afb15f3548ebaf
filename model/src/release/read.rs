//! The order in which documents are read, wherever they come from.

use super::{
    Channel, Document, ROOT_FILE, RootDocument, RootError, TrustedRoot, VerifiedIndex,
    VerifiedManifest, Verifier, VerifyError, Version, root_file,
};
use super::{MANIFEST_FILE, signature_file};

/// Reads a file of a release's source by its path below it; at most the given
/// number of bytes, or an error of its own for more. None when there is no such
/// file.
pub type ReadFile<'r, E> = dyn FnMut(&str, usize) -> Result<Option<Vec<u8>>, E> + 'r;

/// Longest chain of root documents that is followed in one go.
const MAX_STEPS: u64 = 64;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The source failed.
    #[error("cannot read {file}")]
    Source {
        /// The file, as seen from the source.
        file: String,
        /// What the source said.
        source: E,
    },
    /// The document is refused.
    #[error(transparent)]
    Refused(#[from] VerifyError),
}

/// How the files of a source lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A site: each release in the directory that the index names.
    Site,
    /// One release alone, beside the index: an installation medium.
    Flat,
}

impl Place {
    /// The path of a release's file, seen from the index.
    pub fn path(self, directory: &str, file: &str) -> String {
        match self {
            Self::Site => format!("{directory}/{file}"),
            Self::Flat => file.to_owned(),
        }
    }
}

impl TrustedRoot {
    /// Follows the chain of a source to its newest root document. One that is
    /// older than this is refused, unless an explicit word was given. A source
    /// without any leads nowhere, and that is no error.
    pub fn follow<E: std::error::Error>(
        self,
        allow_expired: bool,
        read: &mut ReadFile<'_, E>,
    ) -> Result<Self, ReadError<E>> {
        let Some((bytes, signatures)) = read_pair(Document::Root, ROOT_FILE, read)? else {
            return Ok(self);
        };
        // Not believed yet: it only says how far to look.
        let newest: RootDocument = Document::Root.parse(&bytes).map_err(|malformed| {
            let forged = self.verify(Document::Root, &bytes, &signatures).err();
            forged.unwrap_or(malformed)
        })?;
        let (found, known) = (newest.version, self.version());
        if found < known {
            return match allow_expired {
                true => Ok(self),
                false => Err(refuse(RootError::Replayed { found, known })),
            };
        }
        if found == known {
            self.verify(Document::Root, &bytes, &signatures)?;
            return Ok(self);
        }
        if found - known > MAX_STEPS {
            return Err(refuse(RootError::Broken(known + 1)));
        }
        self.climb(found, read)
    }

    /// Follows what an earlier run has kept: the root documents after this one,
    /// as far as they go.
    pub fn follow_kept<E: std::error::Error>(
        self,
        read: &mut ReadFile<'_, E>,
    ) -> Result<Self, ReadError<E>> {
        let mut root = self;
        while let Some((bytes, signatures)) =
            read_pair(Document::Root, &root_file(root.version() + 1), read)?
        {
            root = root.next(&bytes, &signatures)?;
        }
        Ok(root)
    }

    fn climb<E: std::error::Error>(
        self,
        newest: u64,
        read: &mut ReadFile<'_, E>,
    ) -> Result<Self, ReadError<E>> {
        let mut root = self;
        while root.version() < newest {
            let version = root.version() + 1;
            let (bytes, signatures) = read_pair(Document::Root, &root_file(version), read)?
                .ok_or_else(|| refuse(RootError::Broken(version)))?;
            root = root.next(&bytes, &signatures)?;
        }
        Ok(root)
    }
}

impl Verifier<'_> {
    /// Reads and believes the index of a channel.
    pub fn read_index<E: std::error::Error>(
        &self,
        channel: Channel,
        read: &mut ReadFile<'_, E>,
    ) -> Result<VerifiedIndex, ReadError<E>> {
        let file = channel.index_file();
        let (bytes, signatures) = required(Document::Index, &file, read)?;
        Ok(self.index(&bytes, &signatures)?)
    }

    /// Reads and believes the manifest of a listed release. With it come its
    /// bytes and signatures, for who keeps them.
    pub fn read_manifest<E: std::error::Error>(
        &self,
        index: &VerifiedIndex,
        version: Version,
        place: Place,
        read: &mut ReadFile<'_, E>,
    ) -> Result<SignedManifest, ReadError<E>> {
        let listed = self.release(index, version)?;
        let file = place.path(&listed.path, MANIFEST_FILE);
        let (bytes, signatures) = required(Document::Manifest, &file, read)?;
        let manifest = self.manifest(index, version, &bytes, &signatures)?;
        Ok(SignedManifest {
            manifest,
            bytes,
            signatures,
        })
    }
}

/// A manifest with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedManifest {
    /// The manifest.
    pub manifest: VerifiedManifest,
    /// Content of [`MANIFEST_FILE`].
    pub bytes: Vec<u8>,
    /// Content of [`super::SIGNATURE_FILE`].
    pub signatures: Vec<u8>,
}

fn refuse<E: std::error::Error>(error: RootError) -> ReadError<E> {
    ReadError::Refused(error.into())
}

type Pair = (Vec<u8>, Vec<u8>);

fn required<E: std::error::Error>(
    what: Document,
    file: &str,
    read: &mut ReadFile<'_, E>,
) -> Result<Pair, ReadError<E>> {
    let file = file.to_owned();
    read_pair(what, &file, read)?.ok_or(ReadError::Refused(VerifyError::Missing { what, file }))
}

/// A document and its signatures; without the latter they are empty, which the
/// verifier has a word for.
fn read_pair<E: std::error::Error>(
    what: Document,
    file: &str,
    read: &mut ReadFile<'_, E>,
) -> Result<Option<Pair>, ReadError<E>> {
    let mut one = |file: String, limit| {
        read(&file, limit).map_err(|source| ReadError::Source { file, source })
    };
    let Some(bytes) = one(file.to_owned(), what.limit())? else {
        return Ok(None);
    };
    let signatures = one(signature_file(file), super::signature::MAX_SIGNATURE_BYTES)?;
    Ok(Some((bytes, signatures.unwrap_or_default())))
}
