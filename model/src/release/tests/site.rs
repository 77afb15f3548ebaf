//! A site as a publisher makes it, in memory, and a machine that reads it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use minisign::KeyPair;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::release::*;

pub(super) const ISSUED: u64 = 1_800_000_000;
pub(super) const NOW: u64 = ISSUED + 3600;
pub(super) const EXPIRES: u64 = ISSUED + 30 * 86_400;
pub(super) const OFFERED: &str = "1.1.0";

macro_rules! pairs {
    ($($name:ident),*) => {
        $(pub(super) static $name: LazyLock<KeyPair> =
            LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());)*
    };
}
pairs!(ROOT, NEXT_ROOT, RELEASE, SECOND, RETIRED, STRANGER);

pub(super) fn sign(pair: &KeyPair, bytes: &[u8]) -> Vec<u8> {
    minisign::sign(Some(&pair.pk), &pair.sk, bytes, Some("meghos"), None)
        .unwrap()
        .into_string()
        .into_bytes()
}

pub(super) fn key(pair: &KeyPair, role: &str) -> Value {
    let public = PublicKey::parse(&pair.pk.to_box().unwrap().into_string()).unwrap();
    json!({"id": public.id(), "public": public.to_base64(), "role": role})
}

/// The root document of a version, as `megh-image keys` writes it.
pub(super) fn root(version: u64) -> Value {
    let mut retired = key(&RETIRED, "release");
    retired["retired"] = json!(true);
    json!({
        "schema": 1, "version": version, "expires": EXPIRES + 365 * 86_400,
        "keys": [key(&ROOT, "root"), key(&RELEASE, "release"), retired],
        "thresholds": {"root": 1, "release": 1},
    })
}

/// A manifest as a build writes it.
pub(super) fn manifest(version: &str) -> Value {
    let file = |kind: PartKind| {
        let size = match kind {
            PartKind::Root => 409_600,
            other => max_size(other).min(1 << 20),
        };
        let file = json!({"file": kind.file(), "size": size, "sha256": "ab".repeat(32)});
        (kind.name().to_owned(), file)
    };
    json!({
        "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
        "version": version, "released": ISSUED, "floor": "1.0.0",
        "verity": {"root_hash": "0f".repeat(32), "hash_offset": 4096},
        "parts": Value::Object(PartKind::ALL.into_iter().map(file).collect()),
        "chunks": {"root": {"file": "root.chunks", "size": 4000, "sha256": "cd".repeat(32)}},
        "sbom": {"file": SBOM_FILE, "size": 1000, "sha256": "ef".repeat(32)},
    })
}

/// An index that lists nothing yet.
pub(super) fn index() -> Value {
    json!({
        "schema": 1, "product": "meghos", "arch": "amd64", "channel": "stable",
        "version": 7, "issued": ISSUED, "expires": EXPIRES, "releases": [],
    })
}

/// The files of a web server or stick.
#[derive(Clone)]
pub(super) struct Site(pub(super) BTreeMap<String, Vec<u8>>);

impl Site {
    /// Releases 1.0.0 and 1.1.0 in channel stable.
    pub(super) fn sound() -> Self {
        let mut site = Self(BTreeMap::new());
        site.put(ROOT_FILE, &root(1), &ROOT);
        site.put("stable.json", &index(), &RELEASE);
        for version in ["1.0.0", OFFERED] {
            site.put(&path(version), &manifest(version), &RELEASE);
            site.list(version);
        }
        site
    }

    /// Writes a document and its signature.
    pub(super) fn put(&mut self, file: &str, document: &Value, pair: &KeyPair) {
        let bytes = serde_json::to_vec_pretty(document).unwrap();
        self.0.insert(signature_file(file), sign(pair, &bytes));
        self.0.insert(file.to_owned(), bytes);
    }

    pub(super) fn get(&self, file: &str) -> Value {
        serde_json::from_slice(&self.0[file]).unwrap()
    }

    /// Changes a document as its rightful signer could.
    pub(super) fn edit(&mut self, file: &str, pair: &KeyPair, edit: impl FnOnce(&mut Value)) {
        let mut document = self.get(file);
        edit(&mut document);
        self.put(file, &document, pair);
    }

    /// Changes the offered release's manifest, and lists it anew.
    pub(super) fn edit_manifest(&mut self, edit: impl FnOnce(&mut Value)) {
        self.edit(&path(OFFERED), &RELEASE, edit);
        self.list(OFFERED);
    }

    /// Lists the manifest of a version as it is.
    pub(super) fn list(&mut self, version: &str) {
        let bytes = &self.0[&path(version)];
        let entry = json!({
            "version": version, "path": version, "rollout": 100,
            "manifest_sha256": hex::encode(Sha256::digest(bytes)), "manifest_size": bytes.len(),
        });
        self.edit("stable.json", &RELEASE, |index| {
            let releases = index["releases"].as_array_mut().unwrap();
            releases.retain(|listed| listed["version"] != version);
            releases.push(entry);
        });
    }

    /// Signs a file with another key.
    pub(super) fn resign(&mut self, file: &str, pair: &KeyPair) {
        let signature = sign(pair, &self.0[file]);
        self.0.insert(signature_file(file), signature);
    }

    /// Replaces text in a file, whose signature stays.
    pub(super) fn forge(&mut self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.0[file].clone()).unwrap();
        assert!(text.contains(from), "{from} is not in {file}");
        self.0
            .insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    }

    /// Flips a bit in the middle of a file.
    pub(super) fn flip(&mut self, file: &str) {
        let bytes = self.0.get_mut(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
}

pub(super) fn path(version: &str) -> String {
    format!("{version}/{MANIFEST_FILE}")
}

pub(super) fn built_in() -> TrustedRoot {
    let bytes = serde_json::to_vec(&root(1)).unwrap();
    TrustedRoot::built_in(&bytes, &sign(&ROOT, &bytes)).unwrap()
}

/// A machine that runs 1.0.0 and follows channel stable.
pub(super) fn demands() -> Demands {
    Demands {
        channel: Some(Channel::Stable),
        running: Some("1.0.0".parse().unwrap()),
        ..Demands::at(NOW)
    }
}

pub(super) fn trust() -> TrustState {
    TrustState {
        root: 1,
        indexes: BTreeMap::from([(Channel::Stable, 7)]),
        floor: Some("1.0.0".parse().unwrap()),
        ..TrustState::default()
    }
}

/// What the machine makes of a release: everything in order, as updater and
/// installer do it.
pub(super) fn take(
    site: &Site,
    demands: &Demands,
    trust: &TrustState,
    version: &str,
) -> Result<VerifiedManifest, VerifyError> {
    let mut read = |file: &str, _: usize| Ok::<_, Infallible>(site.0.get(file).cloned());
    let mut run = || {
        let root = built_in().follow(demands.allow_expired, &mut read)?;
        let verifier = Verifier::new(&root, trust, demands)?;
        let channel = demands.channel.unwrap_or(Channel::Stable);
        let index = verifier.read_index(channel, &mut read)?;
        let version = version.parse().unwrap();
        verifier.read_manifest(&index, version, Place::Site, &mut read)
    };
    match run() {
        Ok(signed) => Ok(signed.manifest),
        Err(ReadError::Refused(refusal)) => Err(refusal),
        Err(ReadError::Source { source, .. }) => match source {},
    }
}
