//! The attack table of documents: each row is refused, by its own code.

use minisign::KeyPair;
use serde_json::{Value, json};

use super::site::*;
use crate::release::*;

/// One attack: what is done to the site or to the machine's demands.
struct Attack {
    name: &'static str,
    code: &'static str,
    site: fn(&mut Site),
    machine: fn(&mut Demands, &mut TrustState),
}

const fn on(name: &'static str, code: &'static str, site: fn(&mut Site)) -> Attack {
    Attack {
        name,
        code,
        site,
        machine: |_, _| {},
    }
}

const MANIFEST: &str = "1.1.0/manifest.json";
const INDEX: &str = "stable.json";

fn set(pointer: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |document| *document.pointer_mut(pointer).unwrap() = value
}

fn set_index(site: &mut Site, pointer: &'static str, value: Value) {
    site.edit(INDEX, &RELEASE, set(pointer, value));
}

fn set_manifest(site: &mut Site, pointer: &'static str, value: Value) {
    site.edit_manifest(set(pointer, value));
}

fn add(site: &mut Site, file: &str, pair: &KeyPair, field: &str) {
    site.edit(file, pair, |document| document[field] = json!(1));
}

#[rustfmt::skip]
const SIGNATURES: &[Attack] = &[
    on("bit flipped in the root document", "root-signature-wrong", |s| s.flip(ROOT_FILE)),
    on("bit flipped in the index", "index-signature-wrong", |s| s.forge(INDEX, "\"rollout\": 100", "\"rollout\": 101")),
    on("bit flipped in the manifest", "manifest-signature-wrong", |s| s.forge(MANIFEST, "0f0f", "0e0f")),
    on("root document without signature", "root-signature-missing", |s| drop(s.0.remove("root.json.minisig"))),
    on("index without signature", "index-signature-missing", |s| drop(s.0.remove("stable.json.minisig"))),
    on("manifest without signature", "manifest-signature-missing", |s| drop(s.0.remove("1.1.0/manifest.json.minisig"))),
    on("truncated index", "index-signature-wrong", |s| s.0.get_mut(INDEX).unwrap().truncate(100)),
    on("extended manifest", "manifest-signature-wrong", |s| s.0.get_mut(MANIFEST).unwrap().push(b'\n')),
    on("truncated signature", "manifest-signature-malformed", |s| s.0.get_mut("1.1.0/manifest.json.minisig").unwrap().truncate(200)),
    on("endless signature", "manifest-signature-too-large", |s| s.0.get_mut("1.1.0/manifest.json.minisig").unwrap().resize(5000, b'A')),
    on("root document of an unknown key", "root-key-unknown", |s| s.resign(ROOT_FILE, &STRANGER)),
    on("index of an unknown key", "index-key-unknown", |s| s.resign(INDEX, &STRANGER)),
    on("manifest of an unknown key", "manifest-key-unknown", |s| s.resign(MANIFEST, &STRANGER)),
    on("index of a retired key", "index-key-retired", |s| s.resign(INDEX, &RETIRED)),
    on("manifest of a retired key", "manifest-key-retired", |s| s.resign(MANIFEST, &RETIRED)),
    on("manifest of a root key", "manifest-key-of-other-role", |s| s.resign(MANIFEST, &ROOT)),
    on("root document of a release key", "root-key-of-other-role", |s| s.resign(ROOT_FILE, &RELEASE)),
    on("manifest in place of the index", "index-unknown-field", |s| { let m = s.get(MANIFEST); s.put(INDEX, &m, &RELEASE); }),
    on("index removed", "index-missing", |s| drop(s.0.remove(INDEX))),
    on("manifest removed", "manifest-missing", |s| drop(s.0.remove(MANIFEST))),
    on("endless index", "index-too-large", |s| s.0.get_mut(INDEX).unwrap().resize(1 << 20, b' ')),
    on("endless manifest", "manifest-too-large", |s| s.0.get_mut(MANIFEST).unwrap().resize(1 << 20, b' ')),
];

#[rustfmt::skip]
const AGE: &[Attack] = &[
    on("older index replayed", "index-replayed", |s| set_index(s, "/version", json!(6))),
    Attack { machine: |d, _| d.now = EXPIRES, ..on("expired index: freeze", "index-expired", |_| {}) },
    Attack { machine: |d, t| { d.now = 0; t.seen = EXPIRES; }, ..on("freeze, and the clock turned back", "index-expired", |_| {}) },
    Attack { machine: |d, _| d.now = EXPIRES + 400 * 86_400, ..on("expired root document", "root-expired", |_| {}) },
    Attack { machine: |_, t| t.root = 2, ..on("older root document replayed", "root-replayed", |_| {}) },
    on("root document with a gap before it", "root-chain-broken", |s| s.put(ROOT_FILE, &root(3), &ROOT)),
    on("root document of a far version", "root-chain-broken", |s| s.put(ROOT_FILE, &root(u64::MAX), &ROOT)),
    on("next root document signed by a stranger", "root-key-unknown", |s| { s.put(ROOT_FILE, &root(2), &STRANGER); s.put("root.2.json", &root(2), &STRANGER); }),
    on("next root document with another version inside", "root-version-gap", |s| { s.put(ROOT_FILE, &root(2), &ROOT); s.put("root.2.json", &root(3), &ROOT); }),
    Attack { machine: |_, t| t.floor = Some("2.0.0".parse().unwrap()), ..on("downgrade below the floor", "release-below-floor", |_| {}) },
    Attack { machine: |d, t| { d.allow_expired = true; t.floor = Some("2.0.0".parse().unwrap()); }, ..on("downgrade with the explicit word", "release-below-floor", |_| {}) },
    on("release taken back from the index", "release-not-listed", |s| set_index(s, "/releases", json!([]))),
    on("older manifest in the new one's place", "manifest-not-listed", |s| s.put(MANIFEST, &manifest("1.0.0"), &RELEASE)),
    on("index entry that means an older manifest", "manifest-not-listed", |s| { s.put(MANIFEST, &manifest("1.0.0"), &RELEASE); s.list(OFFERED); }),
    Attack { machine: |d, _| d.running = Some("0.9.0".parse().unwrap()), ..on("a step left out", "release-needs-step", |s| s.edit(INDEX, &RELEASE, |i| i["releases"][1]["from"] = json!("1.0.0"))) },
    Attack { machine: |d, _| d.machine = Some(Machine::new("m")), ..on("rolled out to nobody yet", "release-held-back", |s| set_index(s, "/releases/1/rollout", json!(0))) },
];

#[rustfmt::skip]
const CONTENT: &[Attack] = &[
    on("index of another channel", "index-of-other-channel", |s| set_index(s, "/channel", json!("candidate"))),
    on("index of another product", "index-of-other-product", |s| set_index(s, "/product", json!("otheros"))),
    on("index of another architecture", "index-of-other-arch", |s| set_index(s, "/arch", json!("arm64"))),
    on("index of a later form", "index-schema", |s| set_index(s, "/schema", json!(2))),
    on("index with an unknown field", "index-unknown-field", |s| add(s, INDEX, &RELEASE, "note")),
    on("index that expires before its issue", "index-content-bad", |s| set_index(s, "/expires", json!(5))),
    on("path out of the site", "index-path-unsafe", |s| set_index(s, "/releases/1/path", json!("../../etc"))),
    on("path from the root", "index-path-unsafe", |s| set_index(s, "/releases/1/path", json!("/etc"))),
    on("one version listed twice", "index-release-repeated", |s| s.edit(INDEX, &RELEASE, |i| i["releases"][0] = i["releases"][1].clone())),
    on("thousands of releases", "index-release-count", |s| s.edit(INDEX, &RELEASE, |i| i["releases"] = vec![i["releases"][0].clone(); 65].into())),
    on("manifest of another channel", "manifest-of-other-channel", |s| set_manifest(s, "/channel", json!("candidate"))),
    on("manifest of another product", "manifest-of-other-product", |s| set_manifest(s, "/product", json!("otheros"))),
    on("manifest of another architecture", "manifest-of-other-arch", |s| set_manifest(s, "/arch", json!("arm64"))),
    on("manifest of a later form", "manifest-schema", |s| set_manifest(s, "/schema", json!(2))),
    on("manifest with an unknown field", "manifest-unknown-field", |s| { add(s, MANIFEST, &RELEASE, "scripts"); s.list(OFFERED); }),
    on("floor above the release", "manifest-floor-bad", |s| set_manifest(s, "/floor", json!("1.2.0"))),
    on("file name out of the release", "manifest-file-name-unsafe", |s| set_manifest(s, "/parts/uki/file", json!("../uki.efi"))),
    on("chunk index out of the release", "manifest-file-name-unsafe", |s| set_manifest(s, "/chunks/root/file", json!("../../x"))),
    on("swapped parts: two are one file", "manifest-file-shared", |s| set_manifest(s, "/parts/kernel/file", json!("initrd"))),
    on("zip bomb: a root of many TiB", "manifest-size-impossible", |s| set_manifest(s, "/parts/root/size", json!(1u64 << 45))),
    on("zip bomb: a huge chunk index", "manifest-size-impossible", |s| set_manifest(s, "/chunks/root/size", json!(1u64 << 33))),
    on("zip bomb: sizes that overflow", "manifest-size-impossible", |s| set_manifest(s, "/parts/uki/size", json!(u64::MAX))),
    on("boot parts beyond their partition", "boot-exceeds-slot", |s| set_manifest(s, "/parts/kernel/size", json!(499u64 << 20))),
    Attack { machine: |d, _| d.room.root = 4096, ..on("root beyond this machine's slot", "root-exceeds-slot", |_| {}) },
    on("a part that is not there", "manifest-part-missing", |s| s.edit_manifest(|m| drop(m["parts"].as_object_mut().unwrap().remove("shim")))),
    on("digest that is none", "manifest-digest-malformed", |s| set_manifest(s, "/parts/shim/sha256", json!("AB".repeat(32)))),
    on("hash tree outside the root", "manifest-verity-offset-bad", |s| set_manifest(s, "/verity/hash_offset", json!(1u64 << 40))),
];

#[test]
fn every_attack_is_refused_by_its_code() {
    let table = SIGNATURES.iter().chain(AGE).chain(CONTENT);
    let mut rows = 0;
    for attack in table {
        let (mut site, mut demands, mut trust) = (Site::sound(), demands(), trust());
        (attack.site)(&mut site);
        (attack.machine)(&mut demands, &mut trust);
        let refusal = take(&site, &demands, &trust, OFFERED);
        let code = refusal.as_ref().err().map(VerifyError::code);
        assert_eq!(code, Some(attack.code), "{}: {refusal:?}", attack.name);
        rows += 1;
    }
    assert!(rows >= 60, "{rows} rows");
}

#[test]
fn without_an_attack_the_release_is_taken() {
    let manifest = take(&Site::sound(), &demands(), &trust(), OFFERED).unwrap();
    assert_eq!(manifest.version().to_string(), OFFERED);
    assert_eq!(manifest.part(PartKind::Uki).file, "uki.efi");
    assert_eq!(manifest.chunks(PartKind::Root).unwrap().file, "root.chunks");
    assert_eq!(manifest.chunks(PartKind::Uki), None);
    assert_eq!(manifest.sbom().unwrap().file, SBOM_FILE);
    assert_eq!(manifest.floor().to_string(), "1.0.0");
}

#[test]
fn age_alone_yields_to_the_explicit_word() {
    for attack in AGE {
        let (mut site, mut demands, mut trust) = (Site::sound(), demands(), trust());
        (attack.site)(&mut site);
        (attack.machine)(&mut demands, &mut trust);
        let Err(refusal) = take(&site, &demands, &trust, OFFERED) else {
            panic!("{}", attack.name);
        };
        demands.allow_expired = true;
        let taken = take(&site, &demands, &trust, OFFERED).is_ok();
        assert_eq!(taken, refusal.is_age(), "{}", attack.name);
    }
}
