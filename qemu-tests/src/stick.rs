//! A USB stick with a release on it.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_model::release::{MANIFEST_FILE, signature_file};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Lab;
use crate::disk::Disk;
use crate::signing::{Keys, Signer};
use crate::updating::{site_folder, site_version};

/// Where machines look for a site on a stick.
const FOLDER: &str = "meghos-updates";
const INDEX: &str = "stable.json";
/// Room for one release.
const BYTES: u64 = 1 << 30;

/// A stick with the site of this name, whose release moves the floor of the
/// machine that takes it to `floor`.
pub fn with_site(lab: &Lab, name: &str, floor: &str) -> Result<Disk> {
    let site = lab.path("stick").join(FOLDER);
    copy(&site_folder(lab, name)?, &site)?;
    raise_floor(&site, &site_version(lab, name)?, floor)?;
    let image = lab.path("stick.img");
    File::create(&image)
        .and_then(|file| file.set_len(BYTES))
        .with_context(|| format!("creating {}", image.display()))?;
    Cmd::new("mformat")
        .args(["-F", "-i"])
        .arg(&image)
        .arg("::")
        .run()?;
    Cmd::new("mcopy")
        .args(["-s", "-i"])
        .arg(&image)
        .arg(&site)
        .arg("::/")
        .run()?;
    fs::remove_dir_all(&site).with_context(|| format!("removing {}", site.display()))?;
    Ok(Disk::raw(&image, "MEGH-STICK").on_usb())
}

/// The build's release says no floor; its publisher could have.
fn raise_floor(site: &Path, version: &str, floor: &str) -> Result<()> {
    let keys = Keys::open()?;
    let manifest = format!("{version}/{MANIFEST_FILE}");
    let bytes = edit(&keys, site, &manifest, |manifest| {
        manifest["floor"] = json!(floor);
    })?;
    edit(&keys, site, INDEX, |index| {
        let listed = &mut index["releases"][0];
        listed["manifest_sha256"] = json!(hex::encode(Sha256::digest(&bytes)));
        listed["manifest_size"] = json!(bytes.len());
    })?;
    Ok(())
}

/// Changes a document and signs it anew.
fn edit(keys: &Keys, site: &Path, name: &str, edit: impl FnOnce(&mut Value)) -> Result<Vec<u8>> {
    let path = site.join(name);
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut document: Value =
        serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?;
    edit(&mut document);
    let bytes = serde_json::to_vec_pretty(&document)?;
    let signature = keys.sign(Signer::Release, &bytes);
    for (path, bytes) in [
        (path, &bytes),
        (site.join(signature_file(name)), &signature),
    ] {
        // A new file: the old one may be the site's own.
        fs::remove_file(&path)
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(bytes)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().context("a folder has one above it")?;
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    Cmd::new("cp")
        .args(["-r", "--reflink=auto"])
        .args([from, to])
        .run()?;
    Ok(())
}
