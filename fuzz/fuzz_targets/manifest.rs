//! Manifests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::release::{MAX_BOOT_PARTS, Manifest, PartKind, Room, max_size};

const BOOT: [PartKind; 4] = [
    PartKind::Uki,
    PartKind::Kernel,
    PartKind::Initrd,
    PartKind::SlotEnv,
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::parse(bytes, Room::ANY) else {
        return;
    };
    for kind in PartKind::ALL {
        let part = &manifest.parts[&kind];
        assert!((1..=max_size(kind)).contains(&part.size));
        assert!(!part.file.contains(['/', '\\']) && !part.file.starts_with('.'));
    }
    let boot: u64 = BOOT.iter().map(|kind| manifest.parts[kind].size).sum();
    assert!(boot <= MAX_BOOT_PARTS);
    assert!(manifest.verity.hash_offset < manifest.parts[&PartKind::Root].size);
    let again = serde_json::to_vec(&manifest).expect("what was read can be written");
    assert_eq!(Manifest::parse(&again, Room::ANY), Ok(manifest));
});
