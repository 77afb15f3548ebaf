//! A part by its chunk index: what is at hand is copied, the rest fetched.

use std::io;
use std::os::unix::fs::FileExt;

use megh_model::delta::{Chunk, ChunkId, GAP, Index, Origin, Step, plan};
use megh_model::release::{Part, PartCheck};

use super::stream::Stream;
use super::{Seed, Work};
use crate::fetch::{FetchError, resume};

impl Work<'_> {
    /// Puts the part together by the index in the source's file `index_path`.
    pub(super) fn chunked(
        &mut self,
        index_path: &str,
        listed: &Part,
        seeds: &[Seed],
    ) -> Result<(), FetchError> {
        let index = self.fetch_index(index_path, listed)?;
        // From here on the target is no beginning of the whole part any more.
        resume::clear(self.resume);
        let origins = self.origins(&index, seeds)?;
        let check = PartCheck::new(self.kind, self.part);
        let mut stream = Stream::new(check, index.derived());
        self.begin_anew();
        for step in plan(index.chunks(), &origins, GAP) {
            self.step(&index, seeds, step, &mut stream)?;
        }
        let derived = stream.derive();
        self.put(&mut stream, &derived, true)?;
        self.counts.reused += derived.len() as u64;
        self.tell();
        // Whatever the digest says, the chunks are what was asked for.
        self.target.sync()?;
        Ok(stream.finish()?)
    }

    fn step(
        &mut self,
        index: &Index,
        seeds: &[Seed],
        step: Step,
        stream: &mut Stream,
    ) -> Result<(), FetchError> {
        let chunks = &index.chunks()[step.first..step.first + step.count];
        let (seed, mut offset) = match step.origin {
            Origin::Source => return self.fetch(chunks, step.at, stream),
            Origin::Target => (None, step.at),
            Origin::Seed { seed, offset } => (Some(&seeds[seed]), offset),
        };
        let mut buffer = vec![0; index.chunking().max() as usize];
        for chunk in chunks {
            let bytes = &mut buffer[..chunk.len as usize];
            let read = match seed {
                Some(seed) => seed.file.read_exact_at(bytes, seed.offset + offset).is_ok(),
                None => self.target.read(offset, bytes)?,
            };
            offset += u64::from(chunk.len);
            if read && ChunkId::of(bytes) == chunk.id {
                self.put(stream, bytes, seed.is_some())?;
                self.counts.reused += bytes.len() as u64;
                self.tell();
            } else {
                // It was there a moment ago; a medium that fails is no reason to stop.
                self.fetch(&[*chunk], self.counts.done, stream)?;
            }
        }
        Ok(())
    }

    /// Fetches a run of chunks that begins at `at`. Each is checked before it
    /// is written.
    fn fetch(&mut self, chunks: &[Chunk], at: u64, stream: &mut Stream) -> Result<(), FetchError> {
        let (source, path) = (self.source, self.path.clone());
        let len = chunks.iter().map(|chunk| u64::from(chunk.len)).sum();
        let mut left = chunks.iter();
        let mut next = left.next();
        let mut pending = Vec::new();
        let mut sink = |bytes: &[u8]| {
            self.counts.fetched += bytes.len() as u64;
            pending.extend_from_slice(bytes);
            while let Some(chunk) = next.filter(|chunk| pending.len() >= chunk.len as usize) {
                let whole = &pending[..chunk.len as usize];
                if ChunkId::of(whole) != chunk.id {
                    let (path, at) = (path.clone(), self.counts.done);
                    return Err(io::Error::other(FetchError::Chunk { path, at }));
                }
                self.put(stream, whole, true).map_err(io::Error::other)?;
                pending.drain(..chunk.len as usize);
                next = left.next();
            }
            self.tell();
            Ok(())
        };
        source
            .read_range(&path, at, len, &mut sink)
            .map_err(FetchError::unwrapped)
    }

    /// Takes the next bytes of the part, and writes those that are not there.
    fn put(&mut self, stream: &mut Stream, bytes: &[u8], write: bool) -> Result<(), FetchError> {
        stream.push(bytes)?;
        if write {
            let result = self.target.write(self.counts.done, bytes);
            result.map_err(|source| FetchError::Target {
                what: "write a chunk",
                source,
            })?;
        }
        self.counts.done += bytes.len() as u64;
        Ok(())
    }
}
