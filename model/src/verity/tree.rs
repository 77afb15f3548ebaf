//! The hash tree itself, computed from the data. What is computed need not be
//! fetched: it is as good as its comparison with the signed root hash.
//!
//! Version 1 of the form, SHA-256, blocks of 4 KiB: each block of a level holds
//! the salted digests of 128 blocks of the level below; the levels lie from the
//! top down (kernel documentation, admin-guide/device-mapper/verity.rst).

use sha2::{Digest, Sha256};

use super::{BLOCK, RootHash};

const DIGEST: usize = 32;

/// What goes before every block that is hashed; at most 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Salt(Vec<u8>);

impl Salt {
    /// A salt, unless it is longer than one can be.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= 256).then(|| Self(bytes.to_vec()))
    }

    /// The salt in the superblock at the beginning of `head`, the bytes at the
    /// hash offset; none when there is no superblock.
    pub fn of_superblock(head: &[u8]) -> Option<Self> {
        let superblock = head.get(..512)?;
        superblock.starts_with(b"verity\0\0").then_some(())?;
        let length = usize::from(u16::from_le_bytes([superblock[80], superblock[81]]));
        Self::new(superblock.get(88..88 + length)?)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Size of the tree over `data` bytes, in bytes, without the superblock.
pub const fn tree_size(data: u64) -> u64 {
    let (per_block, block) = ((BLOCK / DIGEST) as u64, BLOCK as u64);
    let mut blocks = data.div_ceil(block);
    let mut tree = 0;
    while blocks > 1 {
        blocks = blocks.div_ceil(per_block);
        tree += blocks;
    }
    tree * block
}

/// Computes a tree while the data streams by.
#[derive(Debug, Clone)]
pub struct Tree {
    salt: Salt,
    /// The last block, as far as it has come.
    block: Vec<u8>,
    /// Digests of all blocks so far.
    leaves: Vec<u8>,
}

impl Tree {
    /// The tree of no data yet.
    pub fn new(salt: Salt) -> Self {
        Self {
            salt,
            block: Vec::with_capacity(BLOCK),
            leaves: Vec::new(),
        }
    }

    /// Takes the next bytes of the data.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                let digest = hash(&self.salt, &self.block);
                self.leaves.extend_from_slice(&digest);
                self.block.clear();
            }
        }
    }

    /// The tree's bytes as they follow the superblock, and the root hash. Data
    /// that is not whole blocks has none.
    pub fn finish(self) -> Option<(Vec<u8>, RootHash)> {
        if !self.block.is_empty() || self.leaves.is_empty() {
            return None;
        }
        let mut levels = Vec::new();
        let mut digests = self.leaves;
        while digests.len() > DIGEST {
            digests.resize(digests.len().next_multiple_of(BLOCK), 0);
            let blocks = digests.chunks(BLOCK);
            let above = blocks.flat_map(|block| hash(&self.salt, block)).collect();
            levels.push(std::mem::replace(&mut digests, above));
        }
        levels.reverse();
        let root = RootHash(digests.try_into().ok()?);
        Some((levels.concat(), root))
    }
}

fn hash(salt: &Salt, block: &[u8]) -> [u8; DIGEST] {
    let salted = Sha256::new().chain_update(&salt.0).chain_update(block);
    salted.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verity::{HEAD_SIZE, check_head};

    fn data(blocks: usize) -> Vec<u8> {
        (0..blocks * BLOCK).map(|at| (at / 7 % 253) as u8).collect()
    }

    fn tree(data: &[u8], piece: usize) -> (Vec<u8>, RootHash) {
        let mut tree = Tree::new(Salt::new(b"megh").unwrap());
        data.chunks(piece).for_each(|piece| tree.push(piece));
        tree.finish().unwrap()
    }

    /// Computed with cryptsetup 2.7.5:
    /// `veritysetup format --salt=6d656768 --hash-offset=… data data`.
    #[test]
    fn veritysetup_computes_the_same() {
        for (blocks, root, digest) in VERITYSETUP {
            let (tree, found) = tree(&data(*blocks), 1000);
            assert_eq!(found.to_string(), *root, "{blocks} blocks");
            assert_eq!(hex::encode(Sha256::digest(&tree)), *digest);
            assert_eq!(tree.len() as u64, tree_size((*blocks * BLOCK) as u64));
        }
    }

    const VERITYSETUP: &[(usize, &str, &str)] = &[
        (
            1,
            "c11412962ab0ff964e44e909ca133b7129308ec51d3600a4b083463f1039cbbc",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            128,
            "2962974986d1baa3996da60947d828cba94d758b9877222d794694f2b73b9c86",
            "93aa61528a81b787e101c477372e7464c980efd2e125a8984f2b85393029f13f",
        ),
        (
            129,
            "c05e6a261c791a042c585bccb11011f63dc6523b6ae1017ddaf3685f4c163c1f",
            "756a473f9d22775880ab273162662e8cbd87cbdbb98c7df0df337b4586f5659e",
        ),
        (
            17000,
            "80f758106f1d93cc2b49083c508be437f9a466346f8e269706db526b5ee34f72",
            "cd347cf1cb2e01abdd4d44ee9069a0c16ea1237f573804deda7dd6002998757f",
        ),
    ];

    #[test]
    fn pieces_do_not_matter_and_parts_of_blocks_have_no_tree() {
        let data = data(130);
        assert_eq!(tree(&data, 1), tree(&data, 100_000));
        let mut part = Tree::new(Salt::default());
        part.push(&data[..BLOCK + 1]);
        assert!(part.finish().is_none());
        assert!(Tree::new(Salt::default()).finish().is_none());
    }

    #[test]
    fn the_salt_is_found_in_the_superblock_that_the_head_check_reads() {
        let (tree, root) = tree(&data(2), 4096);
        let mut head = vec![0; HEAD_SIZE];
        head[..8].copy_from_slice(b"verity\0\0");
        for (at, value) in [(8, 1u32), (12, 1), (64, 4096), (68, 4096)] {
            head[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        head[32..38].copy_from_slice(b"sha256");
        head[80] = 4;
        head[88..92].copy_from_slice(b"megh");
        head[BLOCK..].copy_from_slice(&tree[..BLOCK]);
        assert_eq!(check_head(&head, &root), Ok(()));
        assert_eq!(Salt::of_superblock(&head), Salt::new(b"megh"));
        head[81] = 2;
        assert_eq!(Salt::of_superblock(&head), None);
        head[0] = 0;
        assert_eq!(Salt::of_superblock(&head), None);
    }
}
