//! The good mark of a slot: it did its job once.
//!
//! It lies on the slot's own boot partition, so that a good slot is found when
//! both copies of the boot environment are lost. It names the root that it is
//! for: a mark that was left behind by an older content counts for nothing. The
//! file is always there and is written over in place, within one sector.

use super::block::{BLOCK_SIZE, Block};
use crate::verity::RootHash;

/// File of the mark on a boot partition.
pub const MARK_FILE: &str = "good.env";

/// What [`MARK_FILE`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodMark {
    /// Of the environment that called the slot good, the newest wins; none when
    /// the slot has not yet done its job.
    pub sequence: Option<u64>,
    /// The root that it is for.
    pub root: RootHash,
    /// The version that lies in the slot, for the boot menu.
    pub version: String,
}

impl GoodMark {
    /// The file's bytes.
    ///
    /// # Panics
    /// When the version is not one that a release can have.
    pub fn to_bytes(&self) -> [u8; BLOCK_SIZE] {
        let mut block = Block::default();
        block.set("megh_mark", &self.sequence.unwrap_or(0).to_string());
        block.set("megh_root", &self.root.to_string());
        block.set("megh_version", &self.version);
        block.to_bytes()
    }

    /// Reads the file; none when it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let block = Block::parse(bytes).ok()?;
        let sequence = super::parse_sequence(block.get("megh_mark")?);
        Some(Self {
            sequence,
            root: block.get("megh_root")?.parse().ok()?,
            version: block.get("megh_version").unwrap_or_default().to_owned(),
        })
    }

    /// The mark's number if it holds for a slot with that root, else 0: as the
    /// loader compares.
    pub fn number_for(&self, root: &RootHash) -> u64 {
        if self.root == *root {
            self.sequence.unwrap_or(0)
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_holds_for_its_root_alone() {
        let root: RootHash = "ab".repeat(32).parse().unwrap();
        let other: RootHash = "cd".repeat(32).parse().unwrap();
        let mut mark = GoodMark {
            sequence: Some(12),
            root,
            version: "1.2.3".to_owned(),
        };
        let bytes = mark.to_bytes();
        assert!(bytes[512..].iter().all(|byte| *byte == b'#'));
        assert_eq!(GoodMark::parse(&bytes), Some(mark.clone()));
        assert_eq!((mark.number_for(&root), mark.number_for(&other)), (12, 0));
        mark.sequence = None;
        assert_eq!(GoodMark::parse(&mark.to_bytes()), Some(mark.clone()));
        assert_eq!(mark.number_for(&root), 0);
        assert_eq!(GoodMark::parse(&bytes[1..]), None);
    }
}
