//! Signing keys: one for manifests (minisign), one for what firmware starts
//! (an X.509 certificate with its RSA key).

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_host::command::Cmd;
use minisign::{KeyPair, SecretKeyBox};

/// Name of the folder of development keys; no release is signed with keys of
/// a folder of this name.
const DEVELOPMENT: &str = "dev-keys";
const RELEASE_SECRET: &str = "release.key";
const RELEASE_PUBLIC: &str = "release.pub";
const BOOT_SECRET: &str = "boot.key";
const BOOT_CERTIFICATE: &str = "boot.crt";

/// A folder of signing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    dir: PathBuf,
}

impl Keys {
    /// The keys in `dir`.
    pub fn open(dir: &Path) -> Result<Self> {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot find the keys' folder {}", dir.display()))?;
        for file in [
            RELEASE_SECRET,
            RELEASE_PUBLIC,
            BOOT_SECRET,
            BOOT_CERTIFICATE,
        ] {
            ensure!(
                dir.join(file).is_file(),
                "{} has no {file}; `megh-image keys` makes a set",
                dir.display()
            );
        }
        Ok(Self { dir })
    }

    /// The development keys of a cache, made at the first build.
    pub fn development(cache: &Path) -> Result<Self> {
        let dir = cache.join(DEVELOPMENT);
        match dir.exists() {
            true => Self::open(&dir),
            false => make(&dir),
        }
    }

    /// Whether these are development keys.
    pub fn are_for_development(&self) -> bool {
        self.dir.file_name().is_some_and(|name| name == DEVELOPMENT)
    }

    /// The public half of the key for manifests, as minisign writes it.
    pub fn release_public(&self) -> PathBuf {
        self.dir.join(RELEASE_PUBLIC)
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

    /// Signs `content`, the file `name`, as minisign does.
    pub fn sign(&self, content: &[u8], name: &str) -> Result<String> {
        let path = self.dir.join(RELEASE_SECRET);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let secret = SecretKeyBox::from_string(&text)
            .and_then(SecretKeyBox::into_unencrypted_secret_key)
            .with_context(|| {
                format!("{} is not a minisign key without password", path.display())
            })?;
        let trusted = format!("file:{name}");
        let signature = minisign::sign(None, &secret, content, Some(&trusted), None)
            .with_context(|| format!("cannot sign {name}"))?;
        Ok(signature.into_string())
    }
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
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&partial)
        .with_context(|| format!("cannot make {}", partial.display()))?;
    make_release_key(&partial)?;
    make_boot_key(&partial)?;
    fs::rename(&partial, dir).with_context(|| format!("cannot name {}", dir.display()))?;
    eprintln!("    made signing keys in {}", dir.display());
    Keys::open(dir)
}

fn make_release_key(dir: &Path) -> Result<()> {
    let pair = KeyPair::generate_unencrypted_keypair().context("cannot make a minisign key")?;
    let secret = pair.sk.to_box(None)?.into_string();
    let public = pair.pk.to_box()?.into_string();
    write(&dir.join(RELEASE_SECRET), &secret, 0o600)?;
    write(&dir.join(RELEASE_PUBLIC), &public, 0o644)
}

fn make_boot_key(dir: &Path) -> Result<()> {
    Cmd::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes"])
        .args(["-days", "7300", "-subj", "/CN=MeghOS boot"])
        .args(["-addext", "extendedKeyUsage=codeSigning"])
        .arg("-keyout")
        .arg(dir.join(BOOT_SECRET))
        .arg("-out")
        .arg(dir.join(BOOT_CERTIFICATE))
        .run()
        .context("cannot make the key for what firmware starts")?;
    Ok(())
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_believed_by_the_public_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let keys = make(&dir.path().join("keys")).unwrap();
        let signature = keys.sign(b"content", "manifest.json").unwrap();
        let public = fs::read_to_string(keys.release_public()).unwrap();
        let public = minisign::PublicKeyBox::from_string(&public)
            .unwrap()
            .into_public_key()
            .unwrap();
        let signature = minisign::SignatureBox::from_string(&signature).unwrap();
        let check = |content: &[u8]| {
            minisign::verify(
                &public,
                &signature,
                std::io::Cursor::new(content),
                true,
                false,
                false,
            )
            .is_ok()
        };
        assert!(check(b"content"));
        assert!(!check(b"contents"));
    }

    #[test]
    fn development_keys_are_made_once_and_known_as_such() {
        let cache = tempfile::tempdir().unwrap();
        let first = Keys::development(cache.path()).unwrap();
        let public = fs::read(first.release_public()).unwrap();
        let second = Keys::development(cache.path()).unwrap();
        assert!(second.are_for_development());
        assert_eq!(fs::read(second.release_public()).unwrap(), public);
        assert!(make(second.dir()).is_err(), "keys were overwritten");
        let others = make(&cache.path().join("release-keys")).unwrap();
        assert!(!others.are_for_development());
    }
}
