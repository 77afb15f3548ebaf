//! Root documents.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::release::{RootDocument, TrustedRoot};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(document) = RootDocument::parse(bytes) {
        let again = serde_json::to_vec(&document).expect("what was read can be written");
        assert_eq!(RootDocument::parse(&again), Ok(document));
    }
    // Nothing is believed without a signature.
    assert!(TrustedRoot::built_in(bytes, b"").is_err());
});
