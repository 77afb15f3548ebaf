//! Looking through what is at hand for chunks that are wanted.

use std::os::unix::fs::FileExt;

use megh_model::delta::{Chunk, ChunkId, Chunker, Index, Origin, Wanted};

use super::{Seed, Work};
use crate::fetch::FetchError;

/// Unit of reading, bytes.
const PIECE: usize = 1 << 20;

impl Work<'_> {
    /// Where every chunk of the index is. Seeds come first, because reading
    /// them all is needed anyway; of the target only the places are looked at
    /// that would have to be fetched.
    pub(super) fn origins(
        &mut self,
        index: &Index,
        seeds: &[Seed],
    ) -> Result<Vec<Origin>, FetchError> {
        let mut wanted = Wanted::new(index);
        for (number, seed) in seeds.iter().enumerate() {
            self.look_through(number, seed, index, &mut wanted);
        }
        let mut origins = wanted.origins(index);
        let mut at = 0;
        let mut buffer = vec![0; index.chunking().max() as usize];
        for (chunk, origin) in index.chunks().iter().zip(&mut origins) {
            let bytes = &mut buffer[..chunk.len as usize];
            if *origin == Origin::Source
                && self.target.read(at, bytes)?
                && ChunkId::of(bytes) == chunk.id
            {
                *origin = Origin::Target;
            }
            at += u64::from(chunk.len);
        }
        Ok(origins)
    }

    /// A seed that cannot be read is a seed that ends there: what it would have
    /// held is fetched.
    fn look_through(&mut self, number: usize, seed: &Seed, index: &Index, wanted: &mut Wanted) {
        let mut chunker = Chunker::new(index.chunking());
        let mut buffer = vec![0; PIECE];
        let (mut read, mut cut) = (0, 0);
        let mut offer = |chunk: Chunk, wanted: &mut Wanted| {
            wanted.offer(number, cut, chunk);
            cut += u64::from(chunk.len);
        };
        while read < seed.len && !wanted.is_complete() {
            let left = usize::try_from(seed.len - read).unwrap_or(PIECE);
            let piece = &mut buffer[..left.min(PIECE)];
            if seed.file.read_exact_at(piece, seed.offset + read).is_err() {
                break;
            }
            chunker.push(piece, &mut |chunk| offer(chunk, wanted));
            read += piece.len() as u64;
            self.tell();
        }
        chunker.finish(&mut |chunk| offer(chunk, wanted));
    }
}
