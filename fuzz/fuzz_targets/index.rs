//! Channel indexes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::release::ChannelIndex;

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = ChannelIndex::parse(bytes) else {
        return;
    };
    for listed in &index.releases {
        let leads_out = listed
            .path
            .split('/')
            .any(|name| matches!(name, "" | "." | ".."));
        assert!(!leads_out, "{}", listed.path);
        assert!(listed.rollout <= 100);
    }
    let again = serde_json::to_vec(&index).expect("what was read can be written");
    assert_eq!(ChannelIndex::parse(&again), Ok(index));
});
