//! What a machine wrote to its disk, in order, with its flushes: recorded by
//! QEMU's `blklogwrites` driver and turned into every disk that a power cut
//! could have left behind.
//!
//! A flush is a promise: what was written before it is on the disk. Between two
//! flushes nothing is promised, so after a cut any of those writes may be there,
//! absent, or there in part, sector by sector.

mod disk_state;
mod extents;
mod format;
mod replay;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

pub use disk_state::{Base, DiskState, ReadAt, View};
pub use extents::{Extents, Source};
pub use format::{Entry, EntryKind};
pub use replay::{Epoch, Replay, Tear};

/// Bytes of a sector: what a disk writes whole or not at all.
pub const SECTOR: u64 = 512;

/// A recording.
#[derive(Debug, Clone)]
pub struct WriteLog {
    file: Arc<File>,
    entries: Arc<[Entry]>,
}

impl WriteLog {
    /// Reads the list of a log's entries; their data stays in the file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let entries = format::read_entries(&file)
            .with_context(|| format!("reading the write log {}", path.display()))?;
        Ok(Self {
            file: Arc::new(file),
            entries: entries.into(),
        })
    }

    /// A recording of nothing.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self {
            file: Arc::new(tempfile::tempfile().expect("room for an empty file")),
            entries: [].into(),
        }
    }

    /// Everything that was recorded, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The index of the first entry that was not there yet when the log's file
    /// had `length` bytes: a log only grows.
    pub fn index_at(&self, length: u64) -> usize {
        self.entries.partition_point(|entry| entry.end <= length)
    }

    /// The disk after the first `count` entries, as the machine itself reads it.
    pub fn state(&self, base: Base, count: usize) -> DiskState {
        let mut state = DiskState::new(base, self);
        for entry in &self.entries[..count] {
            let sectors = entry.sector..entry.sector + entry.sectors;
            match entry.kind {
                EntryKind::Write { .. } => state.write(sectors, Source::Log(entry.data)),
                EntryKind::Discard => state.write(sectors, Source::Zero),
                EntryKind::Flush | EntryKind::Mark => {}
            }
        }
        state
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }
}
