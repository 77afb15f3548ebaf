//! The files of a folder of keys.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_model::release::{PublicKey, ROOT_FILE, Role, RootKey};
use minisign::{KeyPair, SecretKey, SecretKeyBox};

pub(super) const BOOT_SECRET: &str = "boot.key";
pub(super) const BOOT_CERTIFICATE: &str = "boot.crt";

/// What the comment of a public key says of one that is for development.
const DEVELOPMENT_COMMENT: &str = "for development";

/// A folder that only its owner reads.
pub(super) fn make_folder(dir: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make {}", dir.display()))
}

/// Makes a minisign key for a role; answers the file of its public half.
pub(super) fn make_pair(dir: &Path, role: Role, development: bool) -> Result<PathBuf> {
    let pair = KeyPair::generate_unencrypted_keypair().context("cannot make a minisign key")?;
    let secret = pair.sk.to_box(None)?.into_string();
    let public = pair.pk.to_box()?.into_string();
    let stem = free_stem(dir, role_name(role));
    write(&dir.join(format!("{stem}.key")), &secret, 0o600)?;
    let public = match development {
        true => public.replacen('\n', &format!(", {DEVELOPMENT_COMMENT}\n"), 1),
        false => public,
    };
    let path = dir.join(format!("{stem}.pub"));
    write(&path, &public, 0o644)?;
    Ok(path)
}

/// `release`, or `release-2` and so on when there is one.
fn free_stem(dir: &Path, name: &str) -> String {
    let taken = |stem: &str| dir.join(format!("{stem}.key")).exists();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|stem| !taken(stem))
        .unwrap_or_else(|| name.to_owned())
}

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Root => "root",
        Role::Release => "release",
    }
}

/// The entry of a public key's file in a root document.
pub(super) fn entry(public: &Path, role: Role) -> Result<RootKey> {
    let text =
        fs::read_to_string(public).with_context(|| format!("cannot read {}", public.display()))?;
    let key = PublicKey::parse(&text).with_context(|| format!("{}", public.display()))?;
    let comment = text.lines().next().unwrap_or_default();
    Ok(RootKey {
        id: key.id(),
        public: key.to_base64(),
        role,
        retired: false,
        development: comment.contains(DEVELOPMENT_COMMENT),
    })
}

/// Every minisign key of the folder that is not locked by a password, with its
/// identifier. The others are for their owners' own minisign.
pub(super) fn secret_keys(dir: &Path) -> Result<Vec<(String, SecretKey)>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        let is_key = path.extension().is_some_and(|extension| extension == "key");
        if is_key && path.file_name().is_some_and(|name| name != BOOT_SECRET) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut keys = Vec::new();
    for path in paths {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let opened =
            SecretKeyBox::from_string(&text).and_then(SecretKeyBox::into_unencrypted_secret_key);
        match opened {
            Ok(secret) => keys.push((id(&secret)?, secret)),
            Err(error) => eprintln!("    {} is not used: {error}", path.display()),
        }
    }
    Ok(keys)
}

fn id(secret: &SecretKey) -> Result<String> {
    let public = minisign::PublicKey::from_secret_key(secret)?;
    Ok(PublicKey::from_base64(&public.to_base64())?.id())
}

/// A certificate and its key for what firmware starts.
pub(super) fn make_boot_key(dir: &Path, development: bool) -> Result<()> {
    let subject = match development {
        true => "/CN=MeghOS boot (development)",
        false => "/CN=MeghOS boot",
    };
    Cmd::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes"])
        .args(["-days", "7300", "-subj", subject])
        .args(["-addext", "extendedKeyUsage=codeSigning"])
        .arg("-keyout")
        .arg(dir.join(BOOT_SECRET))
        .arg("-out")
        .arg(dir.join(BOOT_CERTIFICATE))
        .run()
        .context("cannot make the key for what firmware starts")?;
    Ok(())
}

/// Whether a certificate is of a development key.
pub(super) fn is_for_development(certificate: &Path) -> Result<bool> {
    let subject = Cmd::new("openssl")
        .args(["x509", "-noout", "-subject", "-in"])
        .arg(certificate)
        .stdout()
        .with_context(|| format!("cannot read {}", certificate.display()))?;
    Ok(subject.contains("development"))
}

/// Gives a folder of development keys of before root documents what it lacks.
pub(super) fn complete(dir: &Path) -> Result<()> {
    if dir.join(ROOT_FILE).exists() {
        return Ok(());
    }
    for role in [Role::Root, Role::Release] {
        let name = role_name(role);
        for half in ["key", "pub"] {
            crate::stage::remove(&dir.join(format!("{name}.{half}")))?;
        }
        make_pair(dir, role, true)?;
    }
    super::root::first(dir)
}

/// Writes a new file; nothing is ever overwritten.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
