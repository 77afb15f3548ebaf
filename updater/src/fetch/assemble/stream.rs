//! A part passing by in its order: hashed as a whole, and for its verity tree.

use megh_model::delta::Derived;
use megh_model::release::{PartCheck, PartError};
use megh_model::verity::Tree;

/// What is computed of a part while it is put together.
pub(super) struct Stream {
    check: PartCheck,
    /// The tree, and how many bytes of data it still expects.
    tree: Option<(Tree, u64)>,
}

impl Stream {
    pub(super) fn new(check: PartCheck, derived: &Derived) -> Self {
        let tree = match derived {
            Derived::Nothing => None,
            Derived::VerityTree { data, salt } => Some((Tree::new(salt.clone()), *data)),
        };
        Self { check, tree }
    }

    /// Takes the next bytes of the part.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), PartError> {
        self.check.update(bytes)?;
        if let Some((tree, expected)) = &mut self.tree {
            let data = bytes
                .len()
                .min(usize::try_from(*expected).unwrap_or(usize::MAX));
            tree.push(&bytes[..data]);
            *expected -= data as u64;
        }
        Ok(())
    }

    /// What follows the chunks.
    pub(super) fn derive(&mut self) -> Vec<u8> {
        let tree = self.tree.take().and_then(|(tree, _)| tree.finish());
        tree.map(|(bytes, _)| bytes).unwrap_or_default()
    }

    /// Decides once all has passed.
    pub(super) fn finish(self) -> Result<(), PartError> {
        self.check.finish()
    }
}
