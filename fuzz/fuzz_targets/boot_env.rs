//! The boot environment: both copies, and the block format itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use megh_model::boot_env::{Block, BootEnv, EnvFiles};
use sha2::{Digest, Sha256};

/// Each copy begins with the length of its checksum line, in one byte.
fn copies(bytes: &[u8]) -> Option<EnvFiles> {
    let (length, rest) = bytes.split_first()?;
    let (sum, block) = rest.split_at_checked(usize::from(*length))?;
    Some(EnvFiles {
        block: block.to_vec(),
        sum: sum.to_vec(),
    })
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(block) = Block::parse(bytes)
        && let Ok(again) = block.try_to_bytes()
    {
        assert_eq!(Block::parse(&again), Ok(block));
    }
    if let Some(files) = copies(bytes)
        && let Ok(env) = BootEnv::parse(&files)
    {
        assert_eq!(BootEnv::parse(&env.files()), Ok(env));
    }
    // A block with the checksum that belongs to it: the variables themselves.
    let files = EnvFiles {
        sum: format!("{}  bootenv\n", hex::encode(Sha256::digest(bytes))).into_bytes(),
        block: bytes.to_vec(),
    };
    if let Ok(env) = BootEnv::parse(&files) {
        assert_eq!(BootEnv::parse(&env.files()), Ok(env));
    }
});
