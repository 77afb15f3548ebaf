//! The release directory: the parts, the list of them, and its signature.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_model::release::{
    self, ARCH, MANIFEST_FILE, Manifest, PRODUCT, Part, PartKind, SCHEMA, SIGNATURE_FILE,
    TrustedKey, Verity,
};

use crate::digest;
use crate::keys::Keys;
use crate::stage::remove;

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

/// Writes the release of `version` into `dir` anew.
pub fn write(dir: &Path, parts: &Parts, version: &str, verity: &Verity, keys: &Keys) -> Result<()> {
    let partial = dir.with_extension("partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    let mut listed = BTreeMap::new();
    for (kind, part) in parts {
        let target = partial.join(kind.file());
        place(&part.file, &target)?;
        listed.insert(*kind, describe(*kind, &target)?);
    }
    let manifest = Manifest {
        schema: SCHEMA,
        product: PRODUCT.to_owned(),
        arch: ARCH.to_owned(),
        version: version.to_owned(),
        verity: verity.clone(),
        parts: listed,
    };
    let text = serde_json::to_vec_pretty(&manifest)?;
    let signature = keys.sign(&text, MANIFEST_FILE)?;
    believe(keys, &text, &signature)?;
    fs::write(partial.join(MANIFEST_FILE), text)?;
    fs::write(partial.join(SIGNATURE_FILE), signature)?;
    remove(dir)?;
    fs::rename(&partial, dir).with_context(|| format!("cannot name {}", dir.display()))
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
fn believe(keys: &Keys, text: &[u8], signature: &str) -> Result<()> {
    let public = fs::read_to_string(keys.release_public())?;
    let trusted = TrustedKey::parse(&public)?;
    release::verify(text, signature.as_bytes(), &[trusted])
        .context("the installer would refuse this release")?;
    Ok(())
}

fn describe(kind: PartKind, file: &Path) -> Result<Part> {
    let size = fs::metadata(file)?.len();
    Ok(Part {
        file: kind.file().to_owned(),
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

    #[test]
    fn a_release_that_the_installer_would_refuse_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let keys = crate::keys::make(&dir.path().join("keys")).unwrap();
        let mut parts = parts(dir.path());
        parts.remove(&PartKind::Shim);
        let out = dir.path().join("release");
        let error = write(&out, &parts, "1.2.3", &verity(), &keys).unwrap_err();
        assert!(format!("{error:#}").contains("refuse"), "{error:#}");
        assert!(!out.exists());
    }
}
