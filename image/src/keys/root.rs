//! Root documents: the first one of a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use megh_model::release::{
    ROOT_FILE, ROOT_SCHEMA, Role, RootDocument, RootKey, Thresholds, TrustedRoot, root_file,
    signature_file,
};

use super::{files, sign_with};
use crate::clock::{DAY, now};

/// How long a root document is believed, in days, when nothing else is asked.
pub(super) const LIFETIME: u64 = 730;
/// Development keys outlive every disk they are on.
const DEVELOPMENT_LIFETIME: u64 = 3650;

/// Version 1, of the keys in the folder.
pub(super) fn first(dir: &Path) -> Result<()> {
    let keys = [Role::Root, Role::Release]
        .into_iter()
        .map(|role| files::entry(&dir.join(format!("{}.pub", files::role_name(role))), role))
        .collect::<Result<Vec<RootKey>>>()?;
    let development = keys.iter().any(|key| key.development);
    let days = match development {
        true => DEVELOPMENT_LIFETIME,
        false => LIFETIME,
    };
    let document = RootDocument {
        schema: ROOT_SCHEMA,
        version: 1,
        expires: now() + days * DAY,
        keys,
        thresholds: Thresholds {
            root: 1,
            release: 1,
        },
    };
    let bytes = serde_json::to_vec_pretty(&document)?;
    let secrets = files::secret_keys(dir)?;
    let roots = secrets
        .iter()
        .filter(|(id, _)| is_active_root(&document, id));
    let signatures = sign_with(roots.map(|(_, secret)| secret), &bytes, ROOT_FILE)?;
    TrustedRoot::built_in(&bytes, signatures.as_bytes())?;
    publish(dir, document.version, &bytes, signatures.as_bytes())
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
            let path = dir.join(file);
            let partial = path.with_extension("partial");
            fs::write(&partial, content)
                .and_then(|()| fs::rename(&partial, &path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}
