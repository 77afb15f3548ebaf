//! Which chunk comes from where, in as few steps as is good.

use std::collections::HashMap;

use super::{Chunk, ChunkId, Index};

/// Bytes at hand that are fetched nevertheless, when that saves a request.
pub const GAP: u64 = 16 * 1024;

/// Where a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In its place already.
    Target,
    /// In what is at hand.
    Seed {
        /// Which seed.
        seed: usize,
        /// Where in the seed, bytes.
        offset: u64,
    },
    /// Only in the release.
    Source,
}

/// The chunks of an index, and where each was found so far.
#[derive(Debug, Clone)]
pub struct Wanted {
    found: HashMap<ChunkId, (u32, Option<(usize, u64)>)>,
    missing: usize,
}

impl Wanted {
    /// Nothing has been found yet.
    pub fn new(index: &Index) -> Self {
        let chunks = index.chunks().iter();
        let found: HashMap<_, _> = chunks.map(|c| (c.id, (c.len, None))).collect();
        Self {
            missing: found.len(),
            found,
        }
    }

    /// Says that a seed holds `chunk` at `offset`. The first place counts.
    pub fn offer(&mut self, seed: usize, offset: u64, chunk: Chunk) {
        if let Some((len, place @ None)) = self.found.get_mut(&chunk.id)
            && *len == chunk.len
        {
            *place = Some((seed, offset));
            self.missing -= 1;
        }
    }

    /// Whether every chunk has been found.
    pub const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Where every chunk of the index is, in its order.
    pub fn origins(&self, index: &Index) -> Vec<Origin> {
        let origin = |chunk: &Chunk| match self.found.get(&chunk.id) {
            Some((_, Some((seed, offset)))) => Origin::Seed {
                seed: *seed,
                offset: *offset,
            },
            _ => Origin::Source,
        };
        index.chunks().iter().map(origin).collect()
    }
}

/// What to do for a run of chunks. Runs follow each other without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Number of the first chunk.
    pub first: usize,
    /// How many chunks.
    pub count: usize,
    /// Where the run begins in the part, bytes.
    pub at: u64,
    /// Its bytes.
    pub len: u64,
    /// Where it is. From a seed, all of it lies there in one piece.
    pub origin: Origin,
}

/// The steps that put a part together, in the order of the part. `origins` has
/// one entry per chunk. Between two runs to be fetched, up to `gap` bytes that
/// are at hand are fetched as well: that costs less than another request.
pub fn plan(chunks: &[Chunk], origins: &[Origin], gap: u64) -> Vec<Step> {
    debug_assert_eq!(chunks.len(), origins.len());
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    for (first, (chunk, origin)) in chunks.iter().zip(origins).enumerate() {
        let len = u64::from(chunk.len);
        match steps.last_mut() {
            Some(step) if continues(step, *origin) => {
                step.count += 1;
                step.len += len;
            }
            _ => steps.push(Step {
                first,
                count: 1,
                at,
                len,
                origin: *origin,
            }),
        }
        at += len;
    }
    bridge(&steps, gap)
}

/// Whether a chunk of `origin` lies right behind the step's bytes.
fn continues(step: &Step, origin: Origin) -> bool {
    match (step.origin, origin) {
        (Origin::Target, Origin::Target) | (Origin::Source, Origin::Source) => true,
        (
            Origin::Seed { seed, offset },
            Origin::Seed {
                seed: next,
                offset: at,
            },
        ) => seed == next && offset + step.len == at,
        _ => false,
    }
}

/// Joins runs to be fetched with little between them.
fn bridge(steps: &[Step], gap: u64) -> Vec<Step> {
    let mut joined: Vec<Step> = Vec::new();
    let mut between: Vec<Step> = Vec::new();
    for step in steps {
        if step.origin != Origin::Source {
            between.push(*step);
            continue;
        }
        let bytes: u64 = between.iter().map(|step| step.len).sum();
        match joined.last_mut() {
            Some(before) if before.origin == Origin::Source && bytes <= gap => {
                for step in between.drain(..).chain([*step]) {
                    before.count += step.count;
                    before.len += step.len;
                }
            }
            _ => {
                joined.append(&mut between);
                joined.push(*step);
            }
        }
    }
    joined.append(&mut between);
    joined
}
