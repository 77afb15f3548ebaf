//! The trust state, which lies on a file system that power cuts happen to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::release::TrustState;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = TrustState::parse(bytes) {
        let again = TrustState::parse(&state.to_bytes());
        assert_eq!(again.ok(), Some(state));
    }
});
