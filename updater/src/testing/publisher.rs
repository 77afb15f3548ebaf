//! Who makes releases and signs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use megh_model::boot_env::Block;
use megh_model::release::{PartKind, PublicKey};
use minisign::KeyPair;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ISSUED: u64 = 1_800_000_000;
/// The time of the machine.
pub(crate) const NOW: u64 = ISSUED + 3600;

static ROOT: LazyLock<KeyPair> = LazyLock::new(pair);
static RELEASE: LazyLock<KeyPair> = LazyLock::new(pair);

fn pair() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

/// A site in a directory.
pub(super) struct Publisher {
    dir: PathBuf,
    versions: Vec<String>,
}

impl Publisher {
    pub(super) fn new(dir: &Path) -> Self {
        let publisher = Self {
            dir: dir.to_owned(),
            versions: Vec::new(),
        };
        let root = json!({
            "schema": 1, "version": 1, "expires": ISSUED + 400 * 86_400,
            "keys": [key(&ROOT, "root"), key(&RELEASE, "release")],
            "thresholds": {"root": 1, "release": 1},
        });
        publisher.sign("root.json", &root, &ROOT);
        publisher
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().map(String::as_str)
    }

    /// Writes a release and lists it.
    pub(super) fn publish(&mut self, version: &str) {
        let mut parts = serde_json::Map::new();
        for kind in PartKind::ALL {
            let bytes = content(kind, version);
            super::put(&self.dir.join(version).join(kind.file()), &bytes);
            let part = json!({
                "file": kind.file(), "size": bytes.len(), "sha256": digest(&bytes),
            });
            parts.insert(kind.name().to_owned(), part);
        }
        let manifest = json!({
            "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
            "version": version, "released": ISSUED, "floor": "1.0.0",
            "verity": {"root_hash": root_hash(version), "hash_offset": 4096},
            "parts": parts,
        });
        self.sign(&format!("{version}/manifest.json"), &manifest, &RELEASE);
        self.versions.push(version.to_owned());
        self.index();
    }

    fn index(&self) {
        let listed = |version: &String| {
            let manifest = fs::read(self.dir.join(version).join("manifest.json")).unwrap();
            json!({
                "version": version, "path": version, "rollout": 100,
                "manifest_sha256": digest(&manifest), "manifest_size": manifest.len(),
            })
        };
        let index = json!({
            "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
            "version": self.versions.len(), "issued": ISSUED, "expires": ISSUED + 30 * 86_400,
            "releases": self.versions.iter().map(listed).collect::<Vec<_>>(),
        });
        self.sign("stable.json", &index, &RELEASE);
    }

    fn sign(&self, name: &str, document: &Value, pair: &KeyPair) {
        let bytes = serde_json::to_vec(document).unwrap();
        let signature =
            minisign::sign(Some(&pair.pk), &pair.sk, &bytes[..], Some("meghos"), None).unwrap();
        let path = self.dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::write(
            self.dir.join(format!("{name}.minisig")),
            signature.into_string(),
        )
        .unwrap();
    }
}

fn key(pair: &KeyPair, role: &str) -> Value {
    let public = PublicKey::parse(&pair.pk.to_box().unwrap().into_string()).unwrap();
    json!({"id": public.id(), "public": public.to_base64(), "role": role})
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The root hash that a version claims.
pub(crate) fn root_hash(version: &str) -> String {
    digest(version.as_bytes())
}

/// The bytes of a version's part.
pub(crate) fn content(kind: PartKind, version: &str) -> Vec<u8> {
    if kind == PartKind::SlotEnv {
        let mut block = Block::default();
        block.set("megh_roothash", &root_hash(version));
        return block.to_bytes().to_vec();
    }
    let size = match kind {
        PartKind::Root => 300 << 10,
        PartKind::BiosBoot => 512,
        PartKind::BiosCore => 3000,
        _ => 20_000,
    };
    let seed = digest(format!("{kind} {version}").as_bytes());
    let mut bytes: Vec<u8> = seed.bytes().cycle().take(size).collect();
    if kind == PartKind::BiosCore {
        // GRUB's block list, which says how many sectors follow the first.
        bytes[0x1fc..0x1fe].copy_from_slice(&5u16.to_le_bytes());
    }
    bytes
}
