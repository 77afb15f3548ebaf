//! The methods that are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use megh_model::delta::{Chunking, Derived, GAP, Index, Origin, Wanted, plan};
use megh_model::release::PartKind;

use super::{Moved, Release, same};
use crate::chunks;

/// Bytes of a digest in RAUC's index, and of the blocks it is of.
const RAUC: (u64, u32) = (32, 4096);

/// A way of updating.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    name: &'static str,
    root: Chunking,
    boot: Chunking,
    rauc: bool,
}

impl Method {
    /// All of them; the one that clients use is the first.
    pub const ALL: [Self; 7] = [
        Self::new(
            "MeghOS",
            chunks::chunking(PartKind::Root),
            chunks::chunking(PartKind::Uki),
        ),
        Self::everywhere("fixed 4 KiB", Chunking::Fixed { size: 4096 }),
        Self::everywhere("fixed 64 KiB", Chunking::Fixed { size: 65536 }),
        Self::everywhere("content 8 KiB", Chunking::content(8192)),
        Self::everywhere("content 16 KiB", Chunking::content(16384)),
        Self::everywhere("content 64 KiB", Chunking::content(65536)),
        Self {
            rauc: true,
            ..Self::everywhere("RAUC adaptive", Chunking::Fixed { size: RAUC.1 })
        },
    ];

    const fn new(name: &'static str, root: Chunking, boot: Chunking) -> Self {
        Self {
            name,
            root,
            boot,
            rauc: false,
        }
    }

    const fn everywhere(name: &'static str, chunking: Chunking) -> Self {
        Self::new(name, chunking, chunking)
    }

    /// What an update by this method moves; the total is left to the caller.
    pub(super) fn measure(&self, old: &Release, new: &Release) -> Result<Moved> {
        let mut moved = Moved {
            method: self.name,
            index: 0,
            parts: BTreeMap::new(),
            requests: 0,
            total: 0,
        };
        for kind in PartKind::ALL {
            let bytes = if chunks::KINDS.contains(&kind) {
                self.part(old, new, kind, &mut moved)?
            } else if same(old, new, kind)? {
                0
            } else {
                moved.requests += 1;
                new.size(kind)?
            };
            moved.parts.insert(kind, bytes);
        }
        Ok(moved)
    }

    /// Bytes fetched of one part with an index.
    fn part(&self, old: &Release, new: &Release, kind: PartKind, moved: &mut Moved) -> Result<u64> {
        let (index, gap) = self.index(new, kind)?;
        moved.index += match self.rauc {
            true => index.chunks().len() as u64 * RAUC.0,
            false => index.to_bytes().len() as u64,
        };
        let mut wanted = Wanted::new(&index);
        for (number, seed) in self.seeds(old, new, kind).iter().enumerate() {
            let bytes =
                fs::read(seed).with_context(|| format!("cannot read {}", seed.display()))?;
            let mut at = 0;
            for chunk in Index::of(index.chunking(), &bytes).chunks() {
                wanted.offer(number, at, *chunk);
                at += u64::from(chunk.len);
            }
        }
        let steps = plan(index.chunks(), &wanted.origins(&index), gap);
        let fetched = steps.iter().filter(|step| step.origin == Origin::Source);
        let mut bytes = 0;
        for step in fetched {
            moved.requests += 1;
            bytes += step.len;
        }
        Ok(bytes)
    }

    fn index(&self, new: &Release, kind: PartKind) -> Result<(Index, u64)> {
        let file = new.file(kind);
        if self.rauc {
            // Every block of every image, the verity tree's too; whole blocks.
            let mut bytes = fs::read(&file)?;
            bytes.resize(bytes.len().next_multiple_of(RAUC.1 as usize), 0);
            let index = Index::of(self.root, &bytes);
            debug_assert_eq!(*index.derived(), Derived::Nothing);
            return Ok((index, 0));
        }
        let chunking = match kind {
            PartKind::Root => self.root,
            _ => self.boot,
        };
        Ok((chunks::index(kind, &file, &new.verity, chunking)?, GAP))
    }

    /// What a client has at hand when it comes to a part. The kernel and the
    /// initrd are put in place before the unified image that holds them too;
    /// RAUC looks into slots only.
    fn seeds(&self, old: &Release, new: &Release, kind: PartKind) -> Vec<PathBuf> {
        let mut seeds = vec![old.file(kind)];
        if kind == PartKind::Uki && !self.rauc {
            seeds.extend([PartKind::Kernel, PartKind::Initrd].map(|kind| new.file(kind)));
        }
        seeds
    }
}
