//! A site with one small release, put together in memory and signed with the
//! keys that the image under test believes: what a publisher who means ill, or
//! somebody between publisher and machine, has in hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use megh_model::boot_env::Block;
use megh_model::delta::{Chunking, Index};
use megh_model::release::{MANIFEST_FILE, PartKind, ROOT_FILE, signature_file};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::signing::{Keys, Signer};

/// The version that is offered.
pub(super) const OFFERED: &str = "8.8.8";
/// An older one, which is listed as well.
pub(super) const OLDER: &str = "0.0.1";
/// The index.
pub(super) const INDEX: &str = "stable.json";
/// The offered release's manifest.
pub(super) const MANIFEST: &str = "8.8.8/manifest.json";
/// The chunk index of its root.
pub(super) const CHUNKS: &str = "8.8.8/root.chunks";

const DAY: u64 = 86_400;
/// Bytes of a chunk of the root.
const CHUNK: usize = 64 << 10;
/// Chunks of the root, of which the middle ones are the same in every draft.
const ROOT_CHUNKS: usize = 16;
const SAME: std::ops::Range<usize> = 4..12;

/// The files of a site, by their paths.
#[derive(Debug)]
pub(super) struct Draft {
    files: BTreeMap<String, Vec<u8>>,
    keys: Arc<Keys>,
    /// When the index was issued, seconds since 1970; its version as well.
    issued: u64,
}

impl Draft {
    /// A sound site. What its parts hold depends on `seed`, so that nothing of
    /// one draft is of use for another but what is meant to be.
    pub(super) fn sound(keys: &Arc<Keys>, issued: u64, seed: u64) -> Self {
        let mut draft = Self {
            files: BTreeMap::new(),
            keys: Arc::clone(keys),
            issued,
        };
        draft.files.extend(keys.root_files());
        let index = draft.index();
        draft.put(INDEX, &index, Signer::Release);
        for version in [OLDER, OFFERED] {
            for kind in PartKind::ALL {
                let bytes = content(kind, version, seed);
                draft.files.insert(part(version, kind), bytes);
            }
            let manifest = draft.manifest(version);
            draft.put(&manifest_of(version), &manifest, Signer::Release);
            draft.list(version);
        }
        draft
    }

    /// With a root that is fetched by its chunks, of which those at both ends
    /// are not at hand.
    pub(super) fn chunk(&mut self) {
        let index = Index::of(
            Chunking::Fixed { size: CHUNK as u32 },
            &self.files[&part(OFFERED, PartKind::Root)],
        );
        let bytes = index.to_bytes();
        let entry = file("root.chunks", &bytes);
        self.files.insert(CHUNKS.to_owned(), bytes);
        self.edit_manifest(|manifest| manifest["chunks"] = json!({ "root": entry }));
    }

    /// Writes it to a folder, in place of what was there.
    pub(super) fn lay(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
        }
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            let parent = path.parent().context("a file is in a folder")?;
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, bytes))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }

    /// A document as it stands.
    pub(super) fn document(&self, name: &str) -> Value {
        serde_json::from_slice(&self.files[name]).expect("a draft's documents are JSON")
    }

    /// Puts a document there, and its signature.
    pub(super) fn put(&mut self, name: &str, document: &Value, signer: Signer) {
        let bytes = serde_json::to_vec_pretty(document).expect("values are JSON");
        self.files.insert(name.to_owned(), bytes);
        self.resign(name, signer);
    }

    /// Signs a file as it stands.
    pub(super) fn resign(&mut self, name: &str, signer: Signer) {
        let signature = self.keys.sign(signer, &self.files[name]);
        self.files.insert(signature_file(name), signature);
    }

    /// Changes the index as its rightful signer could.
    pub(super) fn edit_index(&mut self, edit: impl FnOnce(&mut Value)) {
        let mut index = self.document(INDEX);
        edit(&mut index);
        self.put(INDEX, &index, Signer::Release);
    }

    /// Changes the manifest as its rightful signer could, and lists it anew.
    pub(super) fn edit_manifest(&mut self, edit: impl FnOnce(&mut Value)) {
        let mut manifest = self.document(MANIFEST);
        edit(&mut manifest);
        self.put(MANIFEST, &manifest, Signer::Release);
        self.list(OFFERED);
    }

    /// Changes the bytes of a file; signatures and digests stay.
    pub(super) fn spoil(&mut self, name: &str, spoil: impl FnOnce(&mut Vec<u8>)) {
        spoil(self.files.get_mut(name).expect("the draft has the file"));
    }

    /// Flips a bit in the middle of a file.
    pub(super) fn flip(&mut self, name: &str) {
        self.spoil(name, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
    }

    /// Takes a file away.
    pub(super) fn remove(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// Exchanges two files.
    pub(super) fn swap(&mut self, one: &str, other: &str) {
        let (first, second) = (self.files[one].clone(), self.files[other].clone());
        self.files.insert(one.to_owned(), second);
        self.files.insert(other.to_owned(), first);
    }

    /// The keys that are believed.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// When the index was issued, seconds since 1970.
    pub(super) const fn issued(&self) -> u64 {
        self.issued
    }

    /// Lists the manifest of a version as it is.
    pub(super) fn list(&mut self, version: &str) {
        let manifest = &self.files[&manifest_of(version)];
        let entry = json!({
            "version": version, "path": version, "rollout": 100,
            "manifest_sha256": digest(manifest), "manifest_size": manifest.len(),
        });
        self.edit_index(|index| {
            let listed = index["releases"].as_array_mut().expect("a list");
            listed.retain(|one| one["version"] != version);
            listed.push(entry);
        });
    }

    fn index(&self) -> Value {
        json!({
            "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
            "version": self.issued, "issued": self.issued,
            "expires": self.issued + 100 * DAY, "releases": [],
        })
    }

    fn manifest(&self, version: &str) -> Value {
        let entry = |kind: PartKind| {
            let entry = file(kind.file(), &self.files[&part(version, kind)]);
            (kind.name().to_owned(), entry)
        };
        json!({
            "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
            "version": version, "released": self.issued, "floor": "0.0.0",
            "verity": {"root_hash": root_hash(version), "hash_offset": 4096},
            "parts": Value::Object(PartKind::ALL.into_iter().map(entry).collect()),
        })
    }
}

/// The path of a part of a release.
pub(super) fn part(version: &str, kind: PartKind) -> String {
    format!("{version}/{}", kind.file())
}

fn manifest_of(version: &str) -> String {
    format!("{version}/{MANIFEST_FILE}")
}

fn file(name: &str, bytes: &[u8]) -> Value {
    json!({"file": name, "size": bytes.len(), "sha256": digest(bytes)})
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn root_hash(version: &str) -> String {
    digest(version.as_bytes())
}

/// Bytes that look like nothing, as many as the kind of part may have.
fn content(kind: PartKind, version: &str, seed: u64) -> Vec<u8> {
    match kind {
        PartKind::SlotEnv => {
            let mut block = Block::default();
            block.set("megh_roothash", &root_hash(version));
            block.set("megh_draft", &seed.to_string());
            block.to_bytes().to_vec()
        }
        PartKind::Root => (0..ROOT_CHUNKS)
            .flat_map(|chunk| {
                let own = if SAME.contains(&chunk) { 0 } else { seed };
                noise(own ^ (chunk as u64 + 1) << 32, CHUNK)
            })
            .collect(),
        PartKind::BiosBoot => noise(seed, 512),
        kind => {
            let release = u64::from(version == OFFERED);
            noise(seed ^ (kind as u64) << 48 ^ release << 40, 20_000)
        }
    }
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// The file of the newest root document.
pub(super) const ROOT: &str = ROOT_FILE;
