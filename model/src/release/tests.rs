//! Every way in which a release is refused, and the one in which it is not.

use std::sync::LazyLock;

use minisign::KeyPair;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

static PAIR: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());
static STRANGER: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());

fn trusted() -> Vec<TrustedKey> {
    vec![TrustedKey::parse(&PAIR.pk.to_box().unwrap().into_string()).unwrap()]
}

fn sign(pair: &KeyPair, bytes: &[u8]) -> Vec<u8> {
    minisign::sign(Some(&pair.pk), &pair.sk, bytes, Some("meghos"), None)
        .unwrap()
        .into_string()
        .into_bytes()
}

/// A manifest as a build writes it.
fn sound() -> Value {
    let part = |kind: PartKind| {
        let size = if kind == PartKind::Root {
            409_600
        } else {
            max_size(kind).min(1 << 20)
        };
        (
            kind.name().to_owned(),
            json!({"file": kind.file(), "size": size, "sha256": "ab".repeat(32)}),
        )
    };
    json!({
        "schema": 1, "product": "meghos", "arch": "amd64", "version": "0.1.0",
        "verity": {"root_hash": "0f".repeat(32), "hash_offset": 4096},
        "parts": Value::Object(PartKind::ALL.into_iter().map(part).collect()),
    })
}

fn verify_value(value: &Value) -> Result<VerifiedManifest, VerifyError> {
    let bytes = serde_json::to_vec_pretty(value).unwrap();
    verify(&bytes, &sign(&PAIR, &bytes), &trusted())
}

#[test]
fn a_signed_manifest_of_this_product_is_accepted() {
    let verified = verify_value(&sound()).unwrap();
    assert_eq!(verified.version().to_string(), "0.1.0");
    assert_eq!(verified.signed_by(), trusted()[0].id());
    assert_eq!(verified.part(PartKind::Uki).file, "uki.efi");
    assert_eq!(verified.verity().hash_offset, 4096);
}

#[test]
fn part_names_agree_with_their_serialized_form() {
    for kind in PartKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn signatures_of_strangers_and_of_other_bytes_are_refused() {
    let bytes = serde_json::to_vec(&sound()).unwrap();
    let good = sign(&PAIR, &bytes);
    let other = sign(&PAIR, b"something else");
    assert_eq!(
        verify(&bytes, &other, &trusted()),
        Err(VerifyError::BadSignature)
    );
    let stranger = verify(&bytes, &sign(&STRANGER, &bytes), &trusted());
    assert!(
        matches!(stranger, Err(VerifyError::UnknownKey { .. })),
        "{stranger:?}"
    );
    assert!(matches!(
        verify(&bytes, &good, &[]),
        Err(VerifyError::UnknownKey { .. })
    ));
    for malformed in [
        &b""[..],
        b"\xff",
        b"untrusted comment: x\n",
        &good[..good.len() - 20],
    ] {
        let refusal = verify(&bytes, malformed, &trusted());
        assert!(
            matches!(refusal, Err(VerifyError::MalformedSignature(_))),
            "{refusal:?}"
        );
    }
    let long = vec![b' '; 65 * 1024];
    assert!(matches!(
        verify(&long, &good, &trusted()),
        Err(VerifyError::TooLarge {
            what: "manifest",
            ..
        })
    ));
    assert!(matches!(
        verify(&bytes, &long, &trusted()),
        Err(VerifyError::TooLarge {
            what: "signature",
            ..
        })
    ));
}

#[test]
fn what_is_signed_but_wrong_is_refused_with_its_reason() {
    use ManifestError as E;
    let size = |kind, size| E::Size { kind, size };
    let name = |kind, text: &str| E::FileName(kind, text.to_owned());
    let cases: Vec<(&str, Value, E)> = vec![
        ("/schema", json!(2), E::Schema(2)),
        ("/product", json!("MeghOS"), E::Product("MeghOS".into())),
        ("/arch", json!("arm64"), E::Arch("arm64".into())),
        (
            "/version",
            json!("1.0"),
            E::Version("1.0".parse::<Version>().unwrap_err()),
        ),
        ("/parts/root/size", json!(0), size(PartKind::Root, 0)),
        (
            "/parts/root/size",
            json!((4u64 << 30) + 1),
            size(PartKind::Root, (4 << 30) + 1),
        ),
        (
            "/parts/bios-boot/size",
            json!(511),
            size(PartKind::BiosBoot, 511),
        ),
        (
            "/parts/slot-env/size",
            json!(1025),
            size(PartKind::SlotEnv, 1025),
        ),
        (
            "/parts/kernel/size",
            json!(499 << 20),
            E::BootParts((501 << 20) + 1024),
        ),
        (
            "/parts/uki/file",
            json!("../uki.efi"),
            name(PartKind::Uki, "../uki.efi"),
        ),
        ("/parts/uki/file", json!(""), name(PartKind::Uki, "")),
        (
            "/parts/uki/file",
            json!(".uki"),
            name(PartKind::Uki, ".uki"),
        ),
        (
            "/parts/uki/file",
            json!("Manifest.json"),
            name(PartKind::Uki, "Manifest.json"),
        ),
        (
            "/parts/uki/file",
            json!("KERNEL"),
            E::SharedFile(PartKind::Uki, PartKind::Kernel),
        ),
        (
            "/parts/uki/sha256",
            json!("AB".repeat(32)),
            E::Hex("SHA-256 of part uki".into()),
        ),
        ("/verity/root_hash", json!("0f"), E::Hex("root hash".into())),
        ("/verity/hash_offset", json!(0), E::HashOffset(0)),
        ("/verity/hash_offset", json!(4097), E::HashOffset(4097)),
        (
            "/verity/hash_offset",
            json!(409_600),
            E::HashOffset(409_600),
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut manifest = sound();
        *manifest.pointer_mut(pointer).unwrap() = value;
        assert_eq!(
            verify_value(&manifest),
            Err(VerifyError::Refused(expected)),
            "{pointer}"
        );
    }
}

#[test]
fn every_kind_of_part_is_required() {
    for kind in PartKind::ALL {
        let mut manifest = sound();
        manifest["parts"]
            .as_object_mut()
            .unwrap()
            .remove(kind.name());
        assert_eq!(
            verify_value(&manifest),
            Err(VerifyError::Refused(ManifestError::MissingPart(kind)))
        );
    }
}

#[test]
fn unknown_and_repeated_fields_are_refused() {
    let text = serde_json::to_string(&sound()).unwrap();
    for (from, to) in [
        ("\"schema\":1", "\"schema\":1,\"channel\":\"x\""),
        ("\"schema\":1", "\"schema\":1,\"schema\":1"),
        ("\"hash_offset\":4096", "\"hash_offset\":4096,\"salt\":\"\""),
        ("\"size\":512", "\"size\":512,\"mode\":1"),
        (
            "\"bios-boot\":",
            "\"efi-app\":{\"file\":\"x\",\"size\":1,\"sha256\":\"\"},\"bios-boot\":",
        ),
        (
            "\"bios-boot\":",
            "\"kernel\":{\"file\":\"x\",\"size\":1,\"sha256\":\"\"},\"bios-boot\":",
        ),
        ("\"schema\":1", "\"schema\":-1"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let refusal = verify(
            changed.as_bytes(),
            &sign(&PAIR, changed.as_bytes()),
            &trusted(),
        );
        assert!(
            matches!(refusal, Err(VerifyError::MalformedManifest(_))),
            "{to}: {refusal:?}"
        );
    }
}

#[test]
fn parts_are_checked_as_they_stream() {
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"hello"));
    let part = Part {
        file: "kernel".into(),
        size: 5,
        sha256,
    };
    let run = |chunks: &[&[u8]]| {
        let mut check = PartCheck::new(PartKind::Kernel, &part);
        chunks
            .iter()
            .try_for_each(|chunk| check.update(chunk))
            .and_then(|()| check.finish())
    };
    assert_eq!(run(&[b"he", b"", b"llo"]), Ok(()));
    assert!(matches!(
        run(&[b"hell"]),
        Err(PartError::TooShort { found: 4, .. })
    ));
    assert!(matches!(
        run(&[b"hello", b"!"]),
        Err(PartError::TooLong { .. })
    ));
    let damaged = run(&[b"hellO"]).unwrap_err();
    assert!(
        damaged
            .to_string()
            .starts_with("part kernel (kernel) is damaged"),
        "{damaged}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flipped_bit_of_manifest_or_signature_passes(at in any::<prop::sample::Index>(), bit in 0u8..8, in_signature in any::<bool>()) {
        let mut bytes = serde_json::to_vec(&sound()).unwrap();
        let mut signature = sign(&PAIR, &bytes);
        // The untrusted comment and line ends are signed by nobody.
        let first_line = signature.iter().position(|&b| b == b'\n').unwrap() + 1;
        let ignored = |b: u8| b.is_ascii_whitespace();
        if in_signature {
            let index = first_line + at.index(signature.len() - first_line);
            let before = signature[index];
            signature[index] ^= 1 << bit;
            prop_assume!(!ignored(before) && !ignored(signature[index]));
        } else {
            let index = at.index(bytes.len());
            bytes[index] ^= 1 << bit;
        }
        prop_assert!(verify(&bytes, &signature, &trusted()).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), comment in "[ -~]{0,20}", lines in prop::collection::vec("[A-Za-z0-9+/=]{0,120}", 0..5)) {
        prop_assert!(verify(&bytes, &bytes, &trusted()).is_err());
        let signature = format!("untrusted comment: {comment}\n{}", lines.join("\n"));
        let refusal = verify(b"[]", signature.as_bytes(), &trusted());
        prop_assert!(refusal.is_err());
    }
}
