//! Chunk indexes, and the plans that are made of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::delta::{Index, Wanted, plan};

/// Bytes at hand that are rather fetched than asked around.
const GAP: u64 = 16 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = Index::parse(bytes) else {
        return;
    };
    assert!(index.covered() <= index.part_size());
    // Whatever is accepted has one spelling only.
    assert_eq!(index.to_bytes(), bytes);
    // Somebody who has every third chunk gets a plan for the whole.
    let mut wanted = Wanted::new(&index);
    for (number, chunk) in index.chunks().iter().enumerate().step_by(3) {
        wanted.offer(0, number as u64 * 4096, *chunk);
    }
    let steps = plan(index.chunks(), &wanted.origins(&index), GAP);
    let mut at = 0;
    for step in steps {
        assert_eq!(step.at, at, "no gap between two steps");
        at += step.len;
    }
    assert_eq!(at, index.covered());
});
