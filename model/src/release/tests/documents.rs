//! Forms: names, sizes and fields of manifests, and bytes of any kind.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::site::*;
use crate::release::*;

fn verify(document: &Value) -> Result<VerifiedManifest, VerifyError> {
    let bytes = serde_json::to_vec_pretty(document).unwrap();
    verify_installed(&built_in(), &bytes, &sign(&RELEASE, &bytes))
}

fn code(document: &Value) -> &'static str {
    verify(document).unwrap_err().code()
}

#[test]
fn what_a_slot_holds_is_believed_though_its_key_was_retired() {
    let bytes = serde_json::to_vec(&manifest("1.0.0")).unwrap();
    let installed = verify_installed(&built_in(), &bytes, &sign(&RETIRED, &bytes)).unwrap();
    assert_eq!(installed.version().to_string(), "1.0.0");
    let stranger = verify_installed(&built_in(), &bytes, &sign(&STRANGER, &bytes));
    assert_eq!(stranger.unwrap_err().code(), "manifest-key-unknown");
}

#[rustfmt::skip]
fn impossible() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/parts/root/size", json!(0), "manifest-size-impossible"),
        ("/parts/root/size", json!((4u64 << 30) + 1), "manifest-size-impossible"),
        ("/parts/bios-boot/size", json!(511), "manifest-size-impossible"),
        ("/parts/slot-env/size", json!(1025), "manifest-size-impossible"),
        ("/sbom/size", json!(1u64 << 30), "manifest-size-impossible"),
        ("/parts/uki/file", json!(""), "manifest-file-name-unsafe"),
        ("/parts/uki/file", json!(".uki"), "manifest-file-name-unsafe"),
        ("/parts/uki/file", json!("Manifest.json"), "manifest-file-name-unsafe"),
        ("/sbom/file", json!("a/b"), "manifest-file-name-unsafe"),
        ("/parts/uki/file", json!("KERNEL"), "manifest-file-shared"),
        ("/chunks/root/file", json!("root.img"), "manifest-file-shared"),
        ("/sbom/sha256", json!("0f"), "manifest-digest-malformed"),
        ("/verity/root_hash", json!("0f"), "manifest-digest-malformed"),
        ("/verity/hash_offset", json!(0), "manifest-verity-offset-bad"),
        ("/verity/hash_offset", json!(4097), "manifest-verity-offset-bad"),
        ("/verity/hash_offset", json!(409_600), "manifest-verity-offset-bad"),
        ("/version", json!("1.0"), "manifest-malformed"),
        ("/channel", json!("nightly"), "manifest-unknown-field"),
    ]
}

#[test]
fn impossible_sizes_and_names_are_refused_for_every_entry() {
    for (pointer, value, expected) in impossible() {
        let mut document = manifest("1.1.0");
        *document.pointer_mut(pointer).unwrap() = value;
        assert_eq!(code(&document), expected, "{pointer}");
    }
}

#[test]
fn every_kind_of_part_is_required() {
    for kind in PartKind::ALL {
        let mut document = manifest("1.1.0");
        document["parts"]
            .as_object_mut()
            .unwrap()
            .remove(kind.name());
        assert_eq!(
            verify(&document),
            Err(ManifestError::MissingPart(kind).into())
        );
    }
}

#[test]
fn unknown_and_repeated_fields_are_refused() {
    let text = serde_json::to_string(&manifest("1.1.0")).unwrap();
    let part = "{\"file\":\"x\",\"size\":1,\"sha256\":\"\"},\"bios-boot\":";
    for (from, to, expected) in [
        (
            "\"schema\":1",
            "\"schema\":1,\"mode\":1".to_owned(),
            "manifest-unknown-field",
        ),
        (
            "\"schema\":1",
            "\"schema\":1,\"schema\":1".to_owned(),
            "manifest-repeated-field",
        ),
        (
            "\"hash_offset\":4096",
            "\"hash_offset\":4096,\"salt\":1".to_owned(),
            "manifest-unknown-field",
        ),
        (
            "\"size\":512",
            "\"size\":512,\"mode\":1".to_owned(),
            "manifest-unknown-field",
        ),
        (
            "\"bios-boot\":",
            format!("\"efi-app\":{part}"),
            "manifest-unknown-field",
        ),
        (
            "\"bios-boot\":",
            format!("\"kernel\":{part}"),
            "manifest-repeated-field",
        ),
        (
            "\"schema\":1",
            "\"schema\":-1".to_owned(),
            "manifest-malformed",
        ),
    ] {
        let changed = text.replacen(from, &to, 1);
        assert_ne!(changed, text, "{from}");
        let signature = sign(&RELEASE, changed.as_bytes());
        let refusal = verify_installed(&built_in(), changed.as_bytes(), &signature).unwrap_err();
        assert_eq!(refusal.code(), expected, "{to}: {refusal}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_flipped_bit_of_a_document_or_its_signature_passes(file in 0usize..3, at in any::<prop::sample::Index>(), bit in 0u8..8, in_signature in any::<bool>()) {
        let mut site = Site::sound();
        let manifest = path(OFFERED);
        let name = [ROOT_FILE, "stable.json", &manifest][file];
        let name = if in_signature { signature_file(name) } else { name.to_owned() };
        let bytes = site.0.get_mut(&name).unwrap();
        // The untrusted comment and line ends are signed by nobody.
        let first = if in_signature { bytes.iter().position(|&b| b == b'\n').unwrap() + 1 } else { 0 };
        let index = first + at.index(bytes.len() - first);
        let before = bytes[index];
        bytes[index] ^= 1 << bit;
        prop_assume!(!in_signature || !before.is_ascii_whitespace() && !bytes[index].is_ascii_whitespace());
        prop_assert!(take(&site, &demands(), &trust(), OFFERED).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), comment in "[ -~]{0,20}", lines in prop::collection::vec("[A-Za-z0-9+/=]{0,120}", 0..9)) {
        prop_assert!(verify_installed(&built_in(), &bytes, &bytes).is_err());
        let signature = format!("untrusted comment: {comment}\n{}", lines.join("\n"));
        prop_assert!(verify_installed(&built_in(), b"[]", signature.as_bytes()).is_err());
    }
}
