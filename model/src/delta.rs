//! Deltas without a server: which bytes of a part are at hand already, and which
//! must be fetched.
//!
//! A release has a chunk [`Index`] beside each large part: the part cut into
//! chunks, each with its digest. Whoever wants the part cuts what it has (the
//! slot in use, other parts) in the same way, with a [`Chunker`], asks
//! [`Wanted`] which of the chunks found are wanted, and gets from [`plan()`]
//! what to copy and what to fetch. Why chunks are cut as they are:
//! docs/decisions/delta.md.

mod chunk;
mod index;
mod plan;
#[cfg(test)]
mod tests;

pub use chunk::{Chunk, ChunkId, Chunker, Chunking};
pub use index::{Derived, Index, IndexError, MAX_INDEX_BYTES};
pub use plan::{GAP, Origin, Step, Wanted, plan};
