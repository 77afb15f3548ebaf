//! Signatures that firmware and shim check.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{files, inputs, of_tools};
use crate::digest;
use crate::keys::Keys;
use crate::release::BuiltPart;
use crate::stage::Stages;
use crate::tools::Tools;

/// Debian's shim with the signature that firmware of most machines knows.
const SHIM: &str = "usr/lib/shim/shimx64.efi.signed";

/// Signed twins of files.
pub(super) struct Signed {
    dir: PathBuf,
    shim: PathBuf,
}

impl Signed {
    /// The part of a file that was signed.
    pub(super) fn part(&self, unsigned: &Path) -> BuiltPart {
        BuiltPart {
            file: self.file(unsigned),
            unsigned: Some(unsigned.to_owned()),
        }
    }

    /// The signed twin of a file.
    pub(super) fn file(&self, unsigned: &Path) -> PathBuf {
        self.dir.join(name(unsigned))
    }

    /// shim with a second signature, ours: it starts where the vendor's keys
    /// are enrolled and where ours is.
    pub(super) fn shim(&self) -> BuiltPart {
        self.part(&self.shim)
    }
}

/// Signs files, and shim; what was signed before is taken as it was.
pub(super) fn make(
    stages: &Stages,
    tools: &Tools,
    keys: &Keys,
    unsigned: [&PathBuf; 3],
) -> Result<Signed> {
    let shim = of_tools(tools, SHIM);
    let mut key = inputs(tools, include_str!("sign.rs"))
        .text("certificate", &digest::file(&keys.boot_certificate())?);
    let [uki, disk, medium] = unsigned;
    let all = [uki, disk, medium, &shim];
    for file in all {
        key = key.file(&name(file), file)?;
    }
    let dir = stages.folder("signed", &key.key(), |dir| {
        let _keys = tools.bind_read_only(keys.dir(), "/opt/keys")?;
        all.iter().try_for_each(|file| sign(tools, keys, file, dir))
    })?;
    Ok(Signed { dir, shim })
}

fn sign(tools: &Tools, keys: &Keys, file: &Path, dir: &Path) -> Result<()> {
    let name = name(file);
    let copy = dir.join(format!("{name}.unsigned"));
    files::copy(file, &copy, 0o644)?;
    let key = |path: PathBuf| Path::new("/opt/keys").join(path.file_name().unwrap_or_default());
    tools
        .cmd("sbsign")
        .arg("--key")
        .arg(key(keys.boot_secret()))
        .arg("--cert")
        .arg(key(keys.boot_certificate()))
        .arg("--output")
        .args([tools.inside(&dir.join(&name)), tools.inside(&copy)])
        .run()
        .with_context(|| format!("{name} cannot be signed"))?;
    crate::stage::remove(&copy)
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
