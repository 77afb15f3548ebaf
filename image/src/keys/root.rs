//! Root documents: the first one of a folder, and those that follow.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use megh_model::release::{
    Document, ROOT_FILE, ROOT_SCHEMA, Role, RootDocument, RootKey, Thresholds, TrustedRoot,
    root_file, signature_file,
};

use super::{Keys, files, sign_with};
use crate::clock::{days_after, now};
use crate::desk::Desk;

/// How long a root document is believed, in days, when nothing else is asked.
pub const LIFETIME: u64 = 730;
/// Development keys outlive every disk they are on.
const DEVELOPMENT_LIFETIME: u64 = 3650;

/// What is to change from one root document to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Files of public keys to add, each with its role.
    pub add: Vec<(PathBuf, Role)>,
    /// Identifiers of keys to retire.
    pub retire: Vec<String>,
    /// How many root keys must sign, when that changes.
    pub root_threshold: Option<u8>,
    /// How many release keys must sign, when that changes.
    pub release_threshold: Option<u8>,
    /// Days until the new document expires; [`LIFETIME`] when absent.
    pub expires_in: Option<u64>,
}

/// Version 1, of the keys in the folder.
pub(super) fn first(dir: &Path) -> Result<()> {
    let keys = [Role::Root, Role::Release]
        .into_iter()
        .map(|role| files::entry(&dir.join(format!("{}.pub", files::role_name(role))), role))
        .collect::<Result<Vec<RootKey>>>()?;
    let days = match keys.iter().any(|key| key.development) {
        true => DEVELOPMENT_LIFETIME,
        false => LIFETIME,
    };
    let document = RootDocument {
        schema: ROOT_SCHEMA,
        version: 1,
        expires: days_after(now(), days),
        keys,
        thresholds: Thresholds {
            root: 1,
            release: 1,
        },
    };
    let bytes = serde_json::to_vec_pretty(&document)?;
    let signatures = sign(dir, &[&document], &bytes)?;
    TrustedRoot::built_in(&bytes, signatures.as_bytes())?;
    publish(dir, document.version, &bytes, signatures.as_bytes())
}

/// Makes the next root document of a folder: signed by the root keys of the
/// last one and by its own, here or at the folder `offline`. Answers its version.
pub fn change(keys: &Keys, change: &Change, offline: Option<&Path>) -> Result<u64> {
    let current = keys.root()?;
    let document = apply(current.document(), change)?;
    let version = document.version;
    let desk = Desk::new(keys, offline);
    let signed = desk.sign_with(
        Document::Root,
        &root_file(version),
        &document,
        &|bytes| sign(keys.dir(), &[current.document(), &document], bytes),
        &|bytes, signatures| current.next(bytes, signatures).map(drop),
    )?;
    desk.finish()?;
    publish(keys.dir(), version, &signed.bytes, &signed.signatures)?;
    Ok(version)
}

/// Makes a new key of a role in the folder, and retires those of the role that
/// were there before.
pub fn rotate(keys: &Keys, role: Role, expires_in: Option<u64>) -> Result<u64> {
    let current = keys.root()?;
    let document = current.document();
    let active = document
        .keys
        .iter()
        .filter(|key| key.role == role && !key.retired);
    let retire: Vec<String> = active.map(|key| key.id.clone()).collect();
    let development = keys.are_for_development()?;
    let public = files::make_pair(keys.dir(), role, development)?;
    let wanted = Change {
        add: vec![(public.clone(), role)],
        retire,
        expires_in,
        ..Change::default()
    };
    change(keys, &wanted, None).inspect_err(|_| {
        // A key that no root document lists would only confuse.
        let _gone = fs::remove_file(public.with_extension("key"));
        let _gone = fs::remove_file(&public);
    })
}

fn apply(current: &RootDocument, change: &Change) -> Result<RootDocument> {
    let mut next = current.clone();
    next.version = next.version.saturating_add(1);
    next.expires = days_after(now(), change.expires_in.unwrap_or(LIFETIME));
    for (public, role) in &change.add {
        next.keys.push(files::entry(public, *role)?);
    }
    for id in &change.retire {
        let key = next
            .keys
            .iter_mut()
            .find(|key| key.id == *id && !key.retired);
        key.with_context(|| format!("the root document has no active key {id}"))?
            .retired = true;
    }
    let thresholds = &mut next.thresholds;
    thresholds.root = change.root_threshold.unwrap_or(thresholds.root);
    thresholds.release = change.release_threshold.unwrap_or(thresholds.release);
    Ok(next)
}

/// Signs with every secret key in the folder that is an active root key of one
/// of these documents.
fn sign(dir: &Path, documents: &[&RootDocument], bytes: &[u8]) -> Result<String> {
    let secrets = files::secret_keys(dir)?;
    let roots = secrets
        .iter()
        .filter(|(id, _)| {
            documents
                .iter()
                .any(|document| is_active_root(document, id))
        })
        .map(|(_, secret)| secret);
    let signatures = sign_with(roots, bytes, ROOT_FILE)?;
    ensure!(
        !signatures.is_empty(),
        "{} has no secret root key; sign offline instead",
        dir.display()
    );
    Ok(signatures)
}

fn is_active_root(document: &RootDocument, id: &str) -> bool {
    document
        .keys
        .iter()
        .any(|key| key.id == id && key.role == Role::Root && !key.retired)
}

/// Writes a root document under the name of its version, and as the newest
/// one: that last, since it is what others look for.
fn publish(dir: &Path, version: u64, bytes: &[u8], signatures: &[u8]) -> Result<()> {
    for name in [root_file(version), ROOT_FILE.to_owned()] {
        for (file, content) in [(signature_file(&name), signatures), (name, bytes)] {
            crate::stage::replace(&dir.join(file), content)?;
        }
    }
    Ok(())
}
