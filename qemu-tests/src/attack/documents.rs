//! Attacks on what is signed.

use megh_model::release::{root_file, signature_file};
use serde_json::{Value, json};

use super::draft::{Draft, INDEX, MANIFEST, OFFERED, OLDER, ROOT};
use super::{Attack, on};
use crate::signing::Signer;

const DAY: u64 = 86_400;

fn set(pointer: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |document| *document.pointer_mut(pointer).expect("the field is there") = value
}

fn index(draft: &mut Draft, pointer: &'static str, value: Value) {
    draft.edit_index(set(pointer, value));
}

fn manifest(draft: &mut Draft, pointer: &'static str, value: Value) {
    draft.edit_manifest(set(pointer, value));
}

fn signature(draft: &mut Draft, name: &str, spoil: impl FnOnce(&mut Vec<u8>)) {
    draft.spoil(&signature_file(name), spoil);
}

/// Everything of the index that could only be of another time.
fn age(draft: &mut Draft, expires: u64) {
    let issued = draft.issued();
    draft.edit_index(|index| {
        index["issued"] = json!(issued - 200 * DAY);
        index["expires"] = json!(expires);
    });
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Attack> {
    vec![
        on("bit flipped in the root document", "root-signature-wrong", |d| d.spoil(ROOT, |b| { let at = b.iter().position(|c| *c == b'2').expect("a digit"); b[at] ^= 1; })),
        on("bit flipped in the index", "index-signature-wrong", |d| d.flip(INDEX)),
        on("bit flipped in the manifest", "manifest-signature-wrong", |d| d.flip(MANIFEST)),
        on("root document without signature", "root-signature-missing", |d| d.remove(&signature_file(ROOT))),
        on("index without signature", "index-signature-missing", |d| d.remove(&signature_file(INDEX))),
        on("manifest without signature", "manifest-signature-missing", |d| d.remove(&signature_file(MANIFEST))),
        on("truncated index", "index-signature-wrong", |d| d.spoil(INDEX, |b| b.truncate(100))),
        on("extended manifest", "manifest-signature-wrong", |d| d.spoil(MANIFEST, |b| b.push(b'\n'))),
        on("truncated signature", "manifest-signature-malformed", |d| signature(d, MANIFEST, |b| b.truncate(200))),
        on("endless signature", "too-long", |d| signature(d, MANIFEST, |b| b.resize(1 << 20, b'A'))),
        on("endless index", "too-long", |d| d.spoil(INDEX, |b| b.resize(1 << 20, b' '))),
        on("endless manifest", "too-long", |d| d.spoil(MANIFEST, |b| b.resize(1 << 20, b' '))),
        on("root document of an unknown key", "root-key-unknown", |d| d.resign(ROOT, Signer::Stranger)),
        on("root document of a release key", "root-key-of-other-role", |d| d.resign(ROOT, Signer::Release)),
        on("index of an unknown key", "index-key-unknown", |d| d.resign(INDEX, Signer::Stranger)),
        on("index of a root key", "index-key-of-other-role", |d| d.resign(INDEX, Signer::Root)),
        on("manifest of an unknown key", "manifest-key-unknown", |d| d.resign(MANIFEST, Signer::Stranger)),
        on("index removed", "index-missing", |d| d.remove(INDEX)),
        on("manifest removed", "manifest-missing", |d| d.remove(MANIFEST)),
        on("manifest in place of the index", "index-unknown-field", |d| { let m = d.document(MANIFEST); d.put(INDEX, &m, Signer::Release); }),
        on("older index replayed", "index-replayed", |d| { let issued = d.issued(); index(d, "/version", json!(issued - 1)); }),
        on("expired index: freeze", "index-expired", |d| { let issued = d.issued(); age(d, issued - DAY); }),
        on("index of another channel", "index-of-other-channel", |d| index(d, "/channel", json!("candidate"))),
        on("index of another product", "index-of-other-product", |d| index(d, "/product", json!("otheros"))),
        on("index of another architecture", "index-of-other-arch", |d| index(d, "/arch", json!("arm64"))),
        on("index of a later form", "index-schema", |d| index(d, "/schema", json!(2))),
        on("index with an unknown field", "index-unknown-field", |d| d.edit_index(|i| i["note"] = json!(1))),
        on("index that expires before its issue", "index-content-bad", |d| index(d, "/expires", json!(5))),
        on("path out of the site", "index-path-unsafe", |d| index(d, "/releases/1/path", json!("../../etc"))),
        on("path from the root", "index-path-unsafe", |d| index(d, "/releases/1/path", json!("/etc"))),
        on("one version listed twice", "index-release-repeated", |d| d.edit_index(|i| i["releases"][0] = i["releases"][1].clone())),
        on("thousands of releases", "index-release-count", |d| d.edit_index(|i| i["releases"] = vec![i["releases"][0].clone(); 65].into())),
        on("manifest of another version in its place", "manifest-not-listed", |d| { let m = d.document("0.0.1/manifest.json"); d.put(MANIFEST, &m, Signer::Release); }),
        on("index entry that means an older manifest", "manifest-not-listed", |d| { let m = d.document("0.0.1/manifest.json"); d.put(MANIFEST, &m, Signer::Release); d.list(OFFERED); }),
        Attack { version: Some(OFFERED), ..on("release taken back from the index", "release-not-listed", |d| index(d, "/releases", json!([]))) },
        Attack { version: Some(OFFERED), ..on("a step left out", "release-needs-step", |d| d.edit_index(|i| i["releases"][1]["from"] = json!("8.0.0"))) },
        Attack { version: Some(OLDER), ..on("downgrade below the floor", "release-below-floor", |_| {}) },
        on("manifest of another channel", "manifest-of-other-channel", |d| manifest(d, "/channel", json!("candidate"))),
        on("manifest of another product", "manifest-of-other-product", |d| manifest(d, "/product", json!("otheros"))),
        on("manifest of another architecture", "manifest-of-other-arch", |d| manifest(d, "/arch", json!("arm64"))),
        on("manifest of a later form", "manifest-schema", |d| manifest(d, "/schema", json!(2))),
        on("manifest with an unknown field", "manifest-unknown-field", |d| d.edit_manifest(|m| m["scripts"] = json!(1))),
        on("floor above the release", "manifest-floor-bad", |d| manifest(d, "/floor", json!("9.0.0"))),
        on("file name out of the release", "manifest-file-name-unsafe", |d| manifest(d, "/parts/uki/file", json!("../uki.efi"))),
        on("file name of the manifest itself", "manifest-file-name-unsafe", |d| manifest(d, "/parts/kernel/file", json!("manifest.json"))),
        on("two parts that are one file", "manifest-file-shared", |d| manifest(d, "/parts/kernel/file", json!("initrd"))),
        on("zip bomb: a root of many TiB", "manifest-size-impossible", |d| manifest(d, "/parts/root/size", json!(1u64 << 45))),
        on("zip bomb: a huge chunk index", "manifest-size-impossible", |d| { d.chunk(); manifest(d, "/chunks/root/size", json!(1u64 << 33)); }),
        on("zip bomb: sizes that overflow", "manifest-size-impossible", |d| manifest(d, "/parts/uki/size", json!(u64::MAX))),
        on("boot parts beyond their partition", "boot-exceeds-slot", |d| manifest(d, "/parts/kernel/size", json!(500u64 << 20))),
        on("a part that is not listed", "manifest-part-missing", |d| d.edit_manifest(|m| drop(m["parts"].as_object_mut().expect("parts").remove("shim")))),
        on("digest that is none", "manifest-digest-malformed", |d| manifest(d, "/parts/shim/sha256", json!("AB".repeat(32)))),
        on("hash tree outside the root", "manifest-verity-offset-bad", |d| manifest(d, "/verity/hash_offset", json!(1u64 << 40))),
        on("root document of a far version", "root-chain-broken", |d| { let mut r = d.keys().rotated(); r["version"] = json!(4); d.put(ROOT, &r, Signer::Root); }),
        on("next root document signed by a stranger", "root-key-unknown", |d| { let r = d.keys().rotated(); for name in [ROOT, &root_file(2)] { d.put(name, &r, Signer::Stranger); } }),
        on("next root document with another version inside", "root-version-gap", |d| { let mut r = d.keys().rotated(); d.put(ROOT, &r, Signer::Root); r["version"] = json!(3); d.put(&root_file(2), &r, Signer::Root); }),
    ]
}

/// These come last: after the first of them the machine follows other keys.
#[rustfmt::skip]
pub(super) fn last_rows() -> Vec<Attack> {
    vec![
        on("manifest of a retired key", "manifest-key-retired", |d| { after_the_rotation(d); d.resign(INDEX, Signer::Stranger); }),
        on("index of a retired key", "index-key-retired", after_the_rotation),
        on("older root document replayed", "root-replayed", |_| {}),
    ]
}

/// Puts the next root document on the site.
pub(super) fn after_the_rotation(draft: &mut Draft) {
    let document = draft.keys().rotated();
    for name in [ROOT, &root_file(2)] {
        draft.put(name, &document, Signer::Root);
    }
}

/// Signs what the retired key has signed with the one in its place.
pub(super) fn sign_with_the_new_key(draft: &mut Draft) {
    for name in [MANIFEST, INDEX] {
        draft.resign(name, Signer::Stranger);
    }
}
