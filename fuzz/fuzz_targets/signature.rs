//! Signature files: no bytes make a document believed that nobody signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use megh_model::release::{Document, TrustedRoot, verify_installed};

static ROOT: LazyLock<TrustedRoot> = LazyLock::new(|| {
    let bytes = include_bytes!("../seeds/root.json");
    let signature = include_bytes!("../seeds/root.json.minisig");
    TrustedRoot::built_in(bytes, signature).expect("the seed is signed by itself")
});

fuzz_target!(|bytes: &[u8]| {
    assert!(verify_installed(&ROOT, b"{}", bytes).is_err());
    assert!(ROOT.verify(Document::Root, b"{}", bytes).is_err());
    assert!(ROOT.verify(Document::Index, b"{}", bytes).is_err());
});
