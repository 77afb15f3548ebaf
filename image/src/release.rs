//! The release directory: the parts, the list of them, and its signature.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use megh_model::release::{
    ARCH, Channel, ChannelIndex, Demands, Document, INDEX_SCHEMA, Listed, MANIFEST_FILE, Manifest,
    PRODUCT, Part, PartKind, Place as Lies, ReadError, SBOM_FILE, SCHEMA, TrustState, Verifier,
    Verity, Version, signature_file,
};
use sha2::{Digest, Sha256};

use crate::chunks;
use crate::clock::days_after;
use crate::desk::{Desk, Signed};
use crate::digest;
use crate::keys::Keys;
use crate::stage::{remove, replace};

/// How long an index is believed, in days, when nothing else is asked.
pub const INDEX_LIFETIME: u64 = 180;

/// A part's file, as it goes into the release, and as it was before signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPart {
    /// The finished file.
    pub file: PathBuf,
    /// The file before its signature, for a part that carries one. Signatures
    /// hold times and random numbers, so only this can be compared with the
    /// result of another build.
    pub unsigned: Option<PathBuf>,
}

impl BuiltPart {
    /// A part without a signature of its own.
    pub fn plain(file: PathBuf) -> Self {
        Self {
            file,
            unsigned: None,
        }
    }
}

/// All parts.
pub type Parts = BTreeMap<PartKind, BuiltPart>;

/// What a release is called, and for whom it is.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its version.
    pub version: Version,
    /// The channel it is made for.
    pub channel: Channel,
    /// The least version that a machine installs once this one has proved itself.
    pub floor: Version,
    /// When it is released, seconds since 1970.
    pub released: u64,
}

/// What a release is made of.
pub struct Contents<'a> {
    /// Its parts.
    pub parts: &'a Parts,
    /// How to open the root part.
    pub verity: &'a Verity,
    /// The list of the software in it, CycloneDX in JSON.
    pub sbom: &'a [u8],
}

/// Writes the release into `dir` anew: its parts, its documents, an index that
/// lists it alone, and the root documents. It is what a medium carries.
pub fn write(dir: &Path, contents: &Contents<'_>, label: &Label, desk: &Desk<'_>) -> Result<()> {
    let partial = dir.with_extension("partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    let manifest = gather(&partial, contents, label)?;
    let manifest = desk.sign(Document::Manifest, MANIFEST_FILE, &manifest)?;
    put(&partial, MANIFEST_FILE, &manifest)?;
    let name = label.channel.index_file();
    let index = desk.sign(
        Document::Index,
        &name,
        &index_of_one(label, &manifest.bytes),
    )?;
    put(&partial, &name, &index)?;
    for file in desk.keys().root_files()? {
        place(&file, &partial.join(file.file_name().unwrap_or_default()))?;
    }
    desk.finish()?;
    believe(&partial, label, desk.keys())?;
    remove(dir)?;
    fs::rename(&partial, dir).with_context(|| format!("cannot name {}", dir.display()))
}

/// Places every file of the release, and describes them.
fn gather(dir: &Path, contents: &Contents<'_>, label: &Label) -> Result<Manifest> {
    let mut parts = BTreeMap::new();
    for (kind, part) in contents.parts {
        let target = dir.join(kind.file());
        place(&part.file, &target)?;
        parts.insert(*kind, describe(kind.file(), &target)?);
    }
    let mut indices = BTreeMap::new();
    for kind in chunks::KINDS
        .into_iter()
        .filter(|kind| parts.contains_key(kind))
    {
        let (part, file) = (dir.join(kind.file()), chunks::file_name(kind));
        chunks::write(kind, &part, contents.verity, &dir.join(&file))?;
        indices.insert(kind, describe(&file, &dir.join(&file))?);
    }
    let sbom = dir.join(SBOM_FILE);
    fs::write(&sbom, contents.sbom).with_context(|| format!("cannot write {}", sbom.display()))?;
    Ok(Manifest {
        schema: SCHEMA,
        product: PRODUCT.to_owned(),
        arch: ARCH.to_owned(),
        channel: label.channel,
        version: label.version,
        released: label.released,
        floor: label.floor,
        verity: contents.verity.clone(),
        parts,
        chunks: indices,
        sbom: Some(describe(SBOM_FILE, &sbom)?),
    })
}

/// Writes a document and its signatures, the latter first: a reader looks for
/// them after the document.
pub(crate) fn put(dir: &Path, name: &str, signed: &Signed) -> Result<()> {
    replace(&dir.join(signature_file(name)), &signed.signatures)?;
    replace(&dir.join(name), &signed.bytes)
}

/// An index that lists this release for everybody.
fn index_of_one(label: &Label, manifest: &[u8]) -> ChannelIndex {
    ChannelIndex {
        schema: INDEX_SCHEMA,
        product: PRODUCT.to_owned(),
        arch: ARCH.to_owned(),
        channel: label.channel,
        version: label.released.max(1),
        issued: label.released,
        expires: days_after(label.released, INDEX_LIFETIME),
        releases: vec![list(label.version, manifest)],
    }
}

/// The entry of a release in an index, for everybody.
pub(crate) fn list(version: Version, manifest: &[u8]) -> Listed {
    Listed {
        version,
        path: version.to_string(),
        manifest_sha256: hex::encode(Sha256::digest(manifest)),
        manifest_size: manifest.len() as u64,
        rollout: 100,
        from: None,
    }
}

/// Digests of all parts before signing, for comparing two builds.
pub fn digests(parts: &Parts) -> Result<BTreeMap<PartKind, String>> {
    parts
        .iter()
        .map(|(kind, part)| {
            let file = part.unsigned.as_ref().unwrap_or(&part.file);
            Ok((*kind, digest::file(file)?))
        })
        .collect()
}

/// The installer's own check, so that no release leaves that it refuses.
fn believe(dir: &Path, label: &Label, keys: &Keys) -> Result<()> {
    let root = keys.root()?;
    let (trust, demands) = (TrustState::default(), Demands::at(label.released));
    let mut read = |file: &str, _: usize| match fs::read(dir.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    };
    let mut check = || -> Result<(), ReadError<io::Error>> {
        let verifier = Verifier::new(&root, &trust, &demands)?;
        let index = verifier.read_index(label.channel, &mut read)?;
        verifier.read_manifest(&index, label.version, Lies::Flat, &mut read)?;
        Ok(())
    };
    check().context("the installer would refuse this release")
}

fn describe(name: &str, file: &Path) -> Result<Part> {
    let size = fs::metadata(file)?.len();
    Ok(Part {
        file: name.to_owned(),
        size,
        sha256: digest::file(file)?,
    })
}

/// The same bytes at a second place; a link would let a later change through.
fn place(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(dir: &Path) -> Parts {
        PartKind::ALL
            .iter()
            .map(|kind| {
                let file = dir.join(format!("built-{kind}"));
                fs::write(&file, vec![b'x'; 512]).unwrap();
                (*kind, BuiltPart::plain(file))
            })
            .collect()
    }

    fn verity() -> Verity {
        Verity {
            root_hash: "ab".repeat(32),
            hash_offset: 0,
        }
    }

    fn label() -> Label {
        Label {
            version: "1.2.3".parse().unwrap(),
            channel: Channel::Stable,
            floor: "1.0.0".parse().unwrap(),
            released: crate::clock::now(),
        }
    }

    #[test]
    fn digests_are_of_what_was_before_the_signature() {
        let dir = tempfile::tempdir().unwrap();
        let mut parts = parts(dir.path());
        let plain = digests(&parts).unwrap();
        let signed = dir.path().join("signed");
        fs::write(&signed, "signed").unwrap();
        let uki = parts.get_mut(&PartKind::Uki).unwrap();
        uki.unsigned = Some(std::mem::replace(&mut uki.file, signed));
        assert_eq!(digests(&parts).unwrap(), plain);
    }

    fn contents<'a>(parts: &'a Parts, verity: &'a Verity) -> Contents<'a> {
        Contents {
            parts,
            verity,
            sbom: b"{}",
        }
    }

    #[test]
    fn a_release_that_the_installer_would_refuse_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&dir.path().join("keys")).unwrap();
        let mut parts = parts(dir.path());
        parts.remove(&PartKind::Shim);
        let (out, verity) = (dir.path().join("release"), verity());
        let desk = Desk::new(&keys, None);
        let error = write(&out, &contents(&parts, &verity), &label(), &desk).unwrap_err();
        assert!(format!("{error:#}").contains("refuse"), "{error:#}");
        assert!(!out.exists());
    }
    #[test]
    fn a_release_waits_for_signatures_made_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&dir.path().join("keys")).unwrap();
        let (parts, mut verity) = (parts(dir.path()), verity());
        for kind in [PartKind::Root, PartKind::SlotEnv] {
            let size = if kind == PartKind::Root { 8192 } else { 1024 };
            fs::write(&parts[&kind].file, vec![b'x'; size]).unwrap();
        }
        verity.hash_offset = 4096;
        let (out, waiting) = (dir.path().join("release"), dir.path().join("to-sign"));
        let run = |label: &Label| {
            let desk = Desk::new(&keys, Some(&waiting));
            write(&out, &contents(&parts, &verity), label, &desk)
        };
        let first = label();
        let error = run(&first).unwrap_err().to_string();
        assert!(error.contains("manifest.json"), "{error}");
        assert!(!out.exists());
        for file in [MANIFEST_FILE, "stable.json"] {
            let bytes = fs::read(waiting.join(file)).unwrap();
            let role = megh_model::release::Role::Release;
            let signature = keys.sign(role, &bytes, file).unwrap();
            fs::write(waiting.join(signature_file(file)), signature).unwrap();
        }
        // Time has passed meanwhile; that alone makes no other document.
        let later = Label {
            released: first.released + 60,
            ..first
        };
        run(&later).unwrap();
        let manifest = fs::read(out.join(MANIFEST_FILE)).unwrap();
        assert_eq!(manifest, fs::read(waiting.join(MANIFEST_FILE)).unwrap());
        assert!(out.join("root.1.json").exists() && out.join(SBOM_FILE).exists());
    }
}
