//! The keys that the image under test believes, and some that it does not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use megh_model::release::{ROOT_FILE, RootDocument, root_file, signature_file};
use minisign::{KeyPair, SecretKey, SecretKeyBox};
use serde_json::{Value, json};

use crate::lab::keys_dir;

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key of root documents.
    Root,
    /// The key of indexes and manifests.
    Release,
    /// A key that nobody has heard of, until a new root document names it.
    Stranger,
}

/// Secret keys.
pub(crate) struct Keys {
    root: SecretKey,
    release: SecretKey,
    stranger: KeyPair,
    /// The root documents as a site has them.
    documents: Vec<(String, Vec<u8>)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// The keys that the image was signed with.
    pub(crate) fn open() -> Result<Self> {
        let folder = keys_dir();
        let names = [ROOT_FILE.to_owned(), root_file(1)];
        let mut documents = Vec::new();
        for name in names
            .iter()
            .flat_map(|name| [name.clone(), signature_file(name)])
        {
            let path = folder.join(&name);
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            documents.push((name, bytes));
        }
        if RootDocument::parse(&documents[0].1)?.version != 1 {
            bail!(
                "the keys in {} were rotated: the table begins with the first root document",
                folder.display()
            );
        }
        Ok(Self {
            root: secret(&folder.join("root.key"))?,
            release: secret(&folder.join("release.key"))?,
            stranger: KeyPair::generate_unencrypted_keypair().context("making a key")?,
            documents,
        })
    }

    /// The root documents that the image knows.
    pub(crate) fn root_files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.documents.iter().cloned()
    }

    /// The next root document: it retires the release key, and takes the
    /// stranger's in its place.
    pub(crate) fn rotated(&self) -> Value {
        let (_, bytes) = &self.documents[0];
        let mut document: Value = serde_json::from_slice(bytes).expect("it was read before");
        document["version"] = json!(2);
        let keys = document["keys"].as_array_mut().expect("a list");
        for key in keys.iter_mut().filter(|key| key["role"] == "release") {
            key["retired"] = json!(true);
        }
        let public = self.stranger.pk.to_base64();
        let id = megh_model::release::PublicKey::from_base64(&public)
            .expect("a key")
            .id();
        keys.push(json!({"id": id, "public": public, "role": "release", "development": true}));
        document
    }

    /// A signature as it lies beside a file.
    pub(crate) fn sign(&self, signer: Signer, bytes: &[u8]) -> Vec<u8> {
        let key = match signer {
            Signer::Root => &self.root,
            Signer::Release => &self.release,
            Signer::Stranger => &self.stranger.sk,
        };
        minisign::sign(None, key, bytes, Some("an attack"), None)
            .expect("these keys sign")
            .into_string()
            .into_bytes()
    }
}

fn secret(path: &Path) -> Result<SecretKey> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    SecretKeyBox::from_string(&text)
        .and_then(SecretKeyBox::into_unencrypted_secret_key)
        .with_context(|| format!("opening {}", path.display()))
}
