//! Signing keys: those for documents (minisign), listed in a root document, and
//! one for what firmware starts (an X.509 certificate with its RSA key).
//!
//! A folder of keys holds the root documents (`root.json`, and `root.N.json` of
//! every version), the boot key, and as many minisign keys (`*.key` with
//! `*.pub`) as its owner keeps there. Secret keys may be elsewhere.

mod files;
mod root;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_model::release::{ROOT_FILE, Role, TrustedRoot, signature_file};
use minisign::SecretKey;

use files::{BOOT_CERTIFICATE, BOOT_SECRET};

pub use root::{Change, LIFETIME, change, rotate};

/// Name of the folder of development keys; no release is signed with keys of
/// a folder of this name.
const DEVELOPMENT: &str = "dev-keys";

/// A folder of signing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    dir: PathBuf,
}

impl Keys {
    /// The keys in `dir` that a build needs.
    pub fn open(dir: &Path) -> Result<Self> {
        let keys = Self::of_documents(dir)?;
        keys.has(&[BOOT_SECRET, BOOT_CERTIFICATE])?;
        Ok(keys)
    }

    /// The keys in `dir`, where nothing but documents is signed.
    pub fn of_documents(dir: &Path) -> Result<Self> {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot find the keys' folder {}", dir.display()))?;
        let keys = Self { dir };
        keys.has(&[ROOT_FILE, &signature_file(ROOT_FILE)])?;
        Ok(keys)
    }

    fn has(&self, files: &[&str]) -> Result<()> {
        for file in files {
            ensure!(
                self.dir.join(file).is_file(),
                "{} has no {file}; `megh-image keys make` makes a set",
                self.dir.display()
            );
        }
        Ok(())
    }

    /// The development keys of a cache, made at the first build.
    pub fn development(cache: &Path) -> Result<Self> {
        let dir = cache.join(DEVELOPMENT);
        match dir.exists() {
            true => {
                files::complete(&dir)?;
                Self::open(&dir)
            }
            false => make(&dir),
        }
    }

    /// Whether any of these keys is for development: by the folder's name, by
    /// what the root document says of a key, or by the certificate's name.
    pub fn are_for_development(&self) -> Result<bool> {
        let named = self.dir.file_name().is_some_and(|name| name == DEVELOPMENT);
        let root = self.root()?;
        let listed = root.document().keys.iter().any(|key| key.development);
        let certificate = self.boot_certificate();
        let certified = certificate.exists() && files::is_for_development(&certificate)?;
        Ok(named || listed || certified)
    }

    /// The newest root document, checked.
    pub fn root(&self) -> Result<TrustedRoot> {
        let (bytes, signatures) = (
            self.read(ROOT_FILE)?,
            self.read(&signature_file(ROOT_FILE))?,
        );
        TrustedRoot::built_in(&bytes, &signatures)
            .with_context(|| format!("the root document in {} is not right", self.dir.display()))
    }

    /// The files of all root documents with their signatures, newest last.
    pub fn root_files(&self) -> Result<Vec<PathBuf>> {
        let newest = self.root()?.version();
        let names = (1..=newest).map(megh_model::release::root_file);
        let all = names.chain([ROOT_FILE.to_owned()]);
        Ok(all
            .flat_map(|name| [signature_file(&name), name])
            .map(|name| self.dir.join(name))
            .filter(|path| path.exists())
            .collect())
    }

    /// The secret half of the key for what firmware starts, PEM.
    pub fn boot_secret(&self) -> PathBuf {
        self.dir.join(BOOT_SECRET)
    }

    /// The certificate of that key, PEM.
    pub fn boot_certificate(&self) -> PathBuf {
        self.dir.join(BOOT_CERTIFICATE)
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Signs `content`, the file `name`, as minisign does, with every key at
    /// hand that the root document lists for the role.
    pub fn sign(&self, role: Role, content: &[u8], name: &str) -> Result<String> {
        let root = self.root()?;
        let wanted = root.document().keys.iter();
        let wanted: Vec<&str> = wanted
            .filter(|key| key.role == role && !key.retired)
            .map(|key| key.id.as_str())
            .collect();
        let secrets = files::secret_keys(&self.dir)?;
        let secrets = secrets
            .iter()
            .filter(|(id, _)| wanted.contains(&id.as_str()));
        let signatures = sign_with(secrets.map(|(_, secret)| secret), content, name)?;
        ensure!(
            !signatures.is_empty(),
            "no secret key in {} is one of those that sign {name}: {}; sign offline instead",
            self.dir.display(),
            wanted.join(", ")
        );
        Ok(signatures)
    }

    fn read(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.dir.join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Signatures of all these keys, one after the other.
fn sign_with<'k>(
    secrets: impl Iterator<Item = &'k SecretKey>,
    content: &[u8],
    name: &str,
) -> Result<String> {
    let trusted = format!("file:{name}");
    let sign = |secret| {
        minisign::sign(None, secret, content, Some(&trusted), None)
            .map(|signature| signature.into_string())
            .with_context(|| format!("cannot sign {name}"))
    };
    secrets.map(sign).collect()
}

/// Makes a set of keys in `dir`, which must not exist.
pub fn make(dir: &Path) -> Result<Keys> {
    ensure!(
        !dir.exists(),
        "{} exists; keys are never overwritten",
        dir.display()
    );
    let partial = dir.with_extension("partial");
    crate::stage::remove(&partial)?;
    files::make_folder(&partial)?;
    let development = dir.file_name().is_some_and(|name| name == DEVELOPMENT);
    files::make_boot_key(&partial, development)?;
    for role in [Role::Root, Role::Release] {
        files::make_pair(&partial, role, development)?;
    }
    root::first(&partial)?;
    fs::rename(&partial, dir).with_context(|| format!("cannot name {}", dir.display()))?;
    eprintln!("    made signing keys in {}", dir.display());
    Keys::open(dir)
}
