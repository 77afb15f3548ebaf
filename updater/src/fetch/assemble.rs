//! Putting one part of a release together in its place.

mod chunked;
mod index;
mod seeds;
mod stream;
mod whole;

use std::fs::File;
use std::path::Path;

use megh_model::release::{Part, PartKind, VerifiedManifest};

use super::target::Target;
use super::{FetchError, Source, path};

/// Bytes that are at hand and may be like the new ones: the part of the slot in
/// use, or another part of the new release that is there already.
#[derive(Debug)]
pub struct Seed {
    /// The file or device, open for reading. It must not be the target.
    pub file: File,
    /// Where the bytes begin.
    pub offset: u64,
    /// How many there are.
    pub len: u64,
}

/// What is to be put together, and where.
pub struct Assembly<'a> {
    /// Where what is missing comes from.
    pub source: &'a dyn Source,
    /// The release's directory within the source; empty for the source itself.
    pub dir: &'a str,
    /// The release.
    pub manifest: &'a VerifiedManifest,
    /// The part.
    pub kind: PartKind,
    /// What is at hand, the likeliest first.
    pub seeds: Vec<Seed>,
    /// The place, open for reading and writing. Of a device the first bytes are
    /// written, as many as the part has; a regular file becomes the part.
    pub target: &'a File,
    /// File that notes how far the part is, for parts without a chunk index;
    /// without it an interrupted part begins anew.
    pub resume: Option<&'a Path>,
}

/// How far a part is; all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Size of the part.
    pub total: u64,
    /// Right in its place.
    pub done: u64,
    /// Fetched from the source, chunk index included.
    pub fetched: u64,
    /// Taken from seeds, found in the target, or computed.
    pub reused: u64,
    /// Why the chunk index was of no use and the whole part was fetched: the
    /// code of the error that it met. None when there was none to use.
    pub without_index: Option<&'static str>,
}

/// Puts the part together and waits until it is on the medium. Returns without
/// an error only when the target's first bytes had the part's SHA-256 while
/// they were written; reading the medium back is the caller's.
///
/// What an interrupted call has put in place is not fetched again by the next.
pub fn assemble(
    job: &Assembly<'_>,
    progress: &mut dyn FnMut(Counts),
) -> Result<Counts, FetchError> {
    let part = job.manifest.part(job.kind);
    let mut work = Work {
        source: job.source,
        path: path::join(job.dir, &part.file),
        kind: job.kind,
        part,
        target: Target::new(job.target, part.size)?,
        resume: job.resume,
        counts: Counts {
            total: part.size,
            ..Counts::default()
        },
        progress,
    };
    match job.manifest.chunks(job.kind) {
        Some(listed) => work.by_chunks(&path::join(job.dir, &listed.file), listed, &job.seeds)?,
        None => work.whole()?,
    }
    Ok(work.counts)
}

/// A part on its way.
struct Work<'a> {
    source: &'a dyn Source,
    /// The part's file in the source.
    path: String,
    kind: PartKind,
    part: &'a Part,
    target: Target<'a>,
    resume: Option<&'a Path>,
    counts: Counts,
    progress: &'a mut dyn FnMut(Counts),
}

impl Work<'_> {
    /// By its chunk index where that is of use, else whole.
    fn by_chunks(
        &mut self,
        index_path: &str,
        listed: &Part,
        seeds: &[Seed],
    ) -> Result<(), FetchError> {
        match self.chunked(index_path, listed, seeds) {
            Err(error) if index::is_of_no_use(&error) => {
                self.counts.without_index = Some(error.code());
                self.whole()
            }
            result => result,
        }
    }

    /// What was counted as done is done again.
    fn begin_anew(&mut self) {
        (self.counts.done, self.counts.reused) = (0, 0);
    }

    /// Tells how far it is.
    fn tell(&mut self) {
        (self.progress)(self.counts);
    }
}

#[cfg(test)]
mod tests;
