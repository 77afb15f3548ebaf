//! Chunk indexes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::delta::Index;

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = Index::parse(bytes) else {
        return;
    };
    assert!(index.covered() <= index.part_size());
    // Whatever is accepted has one spelling only.
    assert_eq!(index.to_bytes(), bytes);
});
