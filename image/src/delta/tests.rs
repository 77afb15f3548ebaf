use super::*;

/// Bytes that are different everywhere, the same in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn release(dir: &Path, root: &[u8], kernel: &[u8], loader: u8) {
    for kind in PartKind::ALL {
        let bytes = match kind {
            PartKind::Root => root.to_vec(),
            PartKind::Kernel => kernel.to_vec(),
            PartKind::Uki => [&[7; 300], kernel].concat(),
            PartKind::Initrd => noise(9, 100_000),
            _ => vec![loader; 512],
        };
        fs::write(dir.join(kind.file()), bytes).unwrap();
    }
    let verity = Verity {
        root_hash: "ab".repeat(32),
        hash_offset: 4096,
    };
    let manifest = serde_json::json!({ "verity": verity });
    fs::write(dir.join(MANIFEST_FILE), manifest.to_string()).unwrap();
    fs::write(dir.join(signature_file(MANIFEST_FILE)), "signature").unwrap();
}

#[test]
fn what_is_at_hand_is_not_counted() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut root = noise(1, 100 * 4096);
    release(old.path(), &root, &noise(2, 200_000), 1);
    root[50 * 4096] ^= 1;
    release(new.path(), &root, &noise(3, 200_000), 1);
    let comparison = compare(old.path(), new.path(), None).unwrap();
    let (ours, rauc) = (&comparison.methods[0], comparison.methods.last().unwrap());
    assert_eq!(
        (ours.parts[&PartKind::Root], rauc.parts[&PartKind::Root]),
        (4096, 4096)
    );
    assert_eq!(ours.parts[&PartKind::Initrd], 0);
    assert_eq!(ours.parts[&PartKind::Kernel], 200_000);
    // The unified image holds the kernel that has just been fetched; RAUC has no eye for it.
    assert!(ours.parts[&PartKind::Uki] < 50_000);
    assert!(rauc.parts[&PartKind::Uki] >= 200_000);
    assert_eq!(ours.parts[&PartKind::Shim], 0);
    assert!(ours.total < comparison.full && ours.total < rauc.total);
    let shown = table(&comparison);
    assert_eq!(shown.lines().count(), 3 + Method::ALL.len());
}

#[test]
fn changed_packages_are_those_of_the_image_in_another_version() {
    let line = |group: &str, name: &str, size: u64, digest: char| {
        format!(
            "{{ group = \"{group}\", name = \"{name}\", version = \"1\", arch = \"all\", size = {size}, \
             sha256 = \"{}\", archive = \"debian\", path = \"pool/x.deb\" }},\n",
            digest.to_string().repeat(64)
        )
    };
    let lock = |lines: &[String]| {
        let text = format!("schema = 1\nepoch = 1\npackages = [\n{}]\n", lines.concat());
        Lock::parse(&text).unwrap()
    };
    let old = lock(&[line("system", "a", 10, 'a'), line("system", "b", 20, 'b')]);
    let new = lock(&[
        line("system", "a", 10, 'a'),
        line("system", "b", 21, 'c'),
        line("tools", "c", 40, 'd'),
    ]);
    assert_eq!(changed(&old, &new), 21);
}
