//! Whether a root part belongs to a root hash, decided from two of its blocks.
//!
//! dm-verity itself finds out only when it reads, and then panics as it is told
//! to. This check is made before, so that a wrong root is an error with a
//! reason, and so that a medium can be looked for among several devices.

use sha2::{Digest, Sha256};

mod tree;

pub use tree::{Salt, Tree, tree_size};

/// Block size of data and tree; the only one that builds use.
pub const BLOCK: usize = 4096;

/// What is read at the hash offset: the superblock's block and the tree's top.
pub const HEAD_SIZE: usize = 2 * BLOCK;

/// A verity root hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootHash([u8; 32]);

/// Why a text is not a root hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a verity root hash of 64 lower-case hex digits")]
pub struct ParseRootHashError(String);

impl std::str::FromStr for RootHash {
    type Err = ParseRootHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseRootHashError(text.to_owned());
        let lower = text.bytes().all(|b| !b.is_ascii_uppercase());
        let bytes = hex::decode(text).ok().filter(|_| lower).ok_or_else(fail)?;
        Ok(Self(bytes.try_into().map_err(|_| fail())?))
    }
}

impl std::fmt::Display for RootHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Why a root part is not the one of a root hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// There is no tree at the hash offset.
    #[error("no dm-verity tree at the hash offset")]
    NoTree,
    /// A tree of a form that builds do not write.
    #[error("the dm-verity tree is not of version 1 with SHA-256 and blocks of {BLOCK} bytes")]
    Form,
    /// A tree of other data, or a damaged one.
    #[error("the dm-verity tree has root hash {0}")]
    OtherHash(RootHash),
}

/// Checks the [`HEAD_SIZE`] bytes found at the hash offset.
pub fn check_head(head: &[u8], expected: &RootHash) -> Result<(), HeadError> {
    let head: &[u8; HEAD_SIZE] = head.try_into().map_err(|_| HeadError::NoTree)?;
    let (superblock, top) = head.split_at(BLOCK);
    if !superblock.starts_with(b"verity\0\0") {
        return Err(HeadError::NoTree);
    }
    let u32_at = |at: usize| {
        u32::from_le_bytes([
            superblock[at],
            superblock[at + 1],
            superblock[at + 2],
            superblock[at + 3],
        ])
    };
    let salt_length = usize::from(u16::from_le_bytes([superblock[80], superblock[81]]));
    let sha256 = superblock[32..64].strip_prefix(b"sha256\0").is_some();
    let block = BLOCK as u32;
    if (u32_at(8), u32_at(12), u32_at(64), u32_at(68)) != (1, 1, block, block)
        || !sha256
        || salt_length > 256
    {
        return Err(HeadError::Form);
    }
    let salt = &superblock[88..88 + salt_length];
    let found = RootHash(
        Sha256::new()
            .chain_update(salt)
            .chain_update(top)
            .finalize()
            .into(),
    );
    if found == *expected {
        Ok(())
    } else {
        Err(HeadError::OtherHash(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head as `veritysetup format` writes it, with a salt of two bytes.
    fn head() -> (Vec<u8>, RootHash) {
        let mut head = vec![0; HEAD_SIZE];
        head[..8].copy_from_slice(b"verity\0\0");
        for (at, value) in [(8, 1u32), (12, 1), (64, 4096), (68, 4096)] {
            head[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        head[32..38].copy_from_slice(b"sha256");
        head[80] = 2;
        head[88..90].copy_from_slice(b"na");
        head[BLOCK..].fill(9);
        let hash = Sha256::new()
            .chain_update(b"na")
            .chain_update(&head[BLOCK..])
            .finalize();
        (head, RootHash(hash.into()))
    }

    #[test]
    fn a_tree_is_recognised_by_its_top_block() {
        let (mut head, hash) = head();
        assert_eq!(check_head(&head, &hash), Ok(()));
        head[HEAD_SIZE - 1] ^= 1;
        assert!(matches!(
            check_head(&head, &hash),
            Err(HeadError::OtherHash(_))
        ));
    }

    #[test]
    fn other_forms_are_refused() {
        let (good, hash) = head();
        for (at, error) in [
            (0, HeadError::NoTree),
            (8, HeadError::Form),
            (33, HeadError::Form),
            (65, HeadError::Form),
            (81, HeadError::Form),
        ] {
            let mut head = good.clone();
            head[at] ^= 0xff;
            assert_eq!(check_head(&head, &hash), Err(error), "byte {at}");
        }
        assert_eq!(check_head(&good[..BLOCK], &hash), Err(HeadError::NoTree));
    }

    #[test]
    fn root_hashes_have_one_spelling() {
        let text = "0f".repeat(32);
        assert_eq!(text.parse::<RootHash>().unwrap().to_string(), text);
        for bad in [
            "",
            "0f",
            &"0F".repeat(32),
            &"0g".repeat(32),
            &"0f".repeat(33),
        ] {
            assert!(bad.parse::<RootHash>().is_err(), "{bad}");
        }
    }
}
