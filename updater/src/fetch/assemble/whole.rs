//! A part from beginning to end, without a chunk index.

use std::io;

use megh_model::release::{PartCheck, PartError};

use super::Work;
use crate::fetch::{FetchError, resume};

/// How often it is noted how far the part is, bytes.
const NOTE_EVERY: u64 = 32 << 20;
/// Unit of reading what was there before, bytes.
const PIECE: usize = 1 << 20;

impl Work<'_> {
    /// Fetches the part, going on where an earlier call was interrupted. When
    /// that call's bytes turn out to be wrong, everything is fetched.
    pub(super) fn whole(&mut self) -> Result<(), FetchError> {
        let noted = resume::read(self.resume, &self.part.sha256, self.part.size);
        let result = match self.whole_from(noted) {
            Err(FetchError::Part(PartError::Digest { .. }) | FetchError::RangeIgnored { .. })
                if noted > 0 =>
            {
                resume::clear(self.resume);
                self.whole_from(0)
            }
            result => result,
        };
        if matches!(result, Ok(()) | Err(FetchError::Part(_))) {
            resume::clear(self.resume);
        }
        result
    }

    fn whole_from(&mut self, noted: u64) -> Result<(), FetchError> {
        let mut check = PartCheck::new(self.kind, self.part);
        let start = self.take_over(noted, &mut check)?;
        let (source, path, size) = (self.source, self.path.clone(), self.part.size);
        let mut noted = start;
        let mut sink = |bytes: &[u8]| {
            check.update(bytes).map_err(io::Error::other)?;
            self.target.write(self.counts.done, bytes)?;
            self.counts.done += bytes.len() as u64;
            self.counts.fetched += bytes.len() as u64;
            if self.counts.done - noted >= NOTE_EVERY {
                noted = self.counts.done;
                self.note().map_err(io::Error::other)?;
            }
            self.tell();
            Ok(())
        };
        let result = match start {
            0 => source.read_whole(&path, size, &mut sink),
            start => source.read_range(&path, start, size - start, &mut sink),
        };
        // What came before the interruption is kept.
        self.note()?;
        result.map_err(FetchError::unwrapped)?;
        Ok(check.finish()?)
    }

    /// Reads what is noted as written; the answer is how much of it there is.
    fn take_over(&mut self, noted: u64, check: &mut PartCheck) -> Result<u64, FetchError> {
        self.begin_anew();
        let mut buffer = vec![0; PIECE];
        while self.counts.done < noted {
            let left = usize::try_from(noted - self.counts.done).unwrap_or(PIECE);
            let piece = &mut buffer[..left.min(PIECE)];
            if !self.target.read(self.counts.done, piece)? {
                break;
            }
            check.update(piece)?;
            self.counts.done += piece.len() as u64;
            self.counts.reused = self.counts.done;
            self.tell();
        }
        Ok(self.counts.done)
    }

    /// Notes how far the part is, once that has reached the medium.
    fn note(&self) -> Result<(), FetchError> {
        self.target.sync()?;
        resume::write(self.resume, &self.part.sha256, self.counts.done);
        Ok(())
    }
}
