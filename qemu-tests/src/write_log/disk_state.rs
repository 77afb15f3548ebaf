//! A disk as it would be found: a base, and writes above it.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::extents::{Extents, Source};
use super::{SECTOR, WriteLog};
use crate::disk::Disk;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// Count of bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` from `offset`.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Equal for stretches of equal content, as far as that is known without
    /// reading; other values say nothing.
    fn fingerprint(&self, range: Range<u64>) -> u64;
}

/// A disk's raw file as it was before the recording.
#[derive(Debug, Clone)]
pub struct Base {
    file: Arc<File>,
    size: u64,
}

impl Base {
    /// Opens a raw file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let size = file.metadata().context("its size")?.len();
        Ok(Self {
            file: Arc::new(file),
            size,
        })
    }
}

impl ReadAt for Base {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn fingerprint(&self, range: Range<u64>) -> u64 {
        fingerprint(range, std::iter::empty())
    }
}

/// A base and what was written over it.
#[derive(Debug, Clone)]
pub struct DiskState {
    base: Base,
    log: Arc<File>,
    written: Extents,
}

impl DiskState {
    /// The disk before the first write of `log`.
    pub fn new(base: Base, log: &WriteLog) -> Self {
        Self {
            base,
            log: Arc::clone(log.file()),
            written: Extents::default(),
        }
    }

    /// Puts a write onto the disk.
    pub fn write(&mut self, sectors: Range<u64>, source: Source) {
        self.written.write(sectors, source);
    }

    /// Makes a raw file of it, sparse where the file of the base is.
    pub fn write_to(&self, base: &Path, target: &Path) -> Result<()> {
        self.with(&Extents::default()).write_to(base, target)
    }

    /// This disk with more writes above it.
    pub fn with<'a>(&'a self, above: &'a Extents) -> View<'a> {
        View { below: self, above }
    }

    fn copy(&self, layer: &Extents, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset + buffer.len() as u64;
        let sectors = offset / SECTOR..end.div_ceil(SECTOR);
        for (extent, source) in layer.within(sectors) {
            let from = (extent.start * SECTOR).max(offset);
            let to = (extent.end * SECTOR).min(end);
            let target = &mut buffer[usize_of(from - offset)..usize_of(to - offset)];
            match source {
                Source::Log(at) => self
                    .log
                    .read_exact_at(target, at + (from - extent.start * SECTOR))?,
                Source::Zero => target.fill(0),
            }
        }
        Ok(())
    }
}

impl ReadAt for DiskState {
    fn size(&self) -> u64 {
        self.base.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.base.read_at(offset, buffer)?;
        self.copy(&self.written, offset, buffer)
    }

    fn fingerprint(&self, range: Range<u64>) -> u64 {
        fingerprint(range.clone(), self.written.within(sectors_of(&range)))
    }
}

/// A disk after a cut: what was promised, and what arrived besides.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    below: &'a DiskState,
    above: &'a Extents,
}

impl View<'_> {
    /// Makes a raw file of it, sparse where the base is.
    pub fn write_to(&self, base: &Path, target: &Path) -> Result<()> {
        Disk::copy(base, target)?;
        let file = File::options()
            .write(true)
            .open(target)
            .with_context(|| format!("opening {}", target.display()))?;
        for layer in [&self.below.written, self.above] {
            for (extent, source) in layer.iter() {
                self.write_extent(&file, extent, source)
                    .with_context(|| format!("writing {}", target.display()))?;
            }
        }
        Ok(())
    }

    fn write_extent(&self, file: &File, extent: Range<u64>, source: Source) -> io::Result<()> {
        const PIECE: u64 = 1 << 20;
        let (mut at, end) = (extent.start * SECTOR, extent.end * SECTOR);
        let mut buffer = vec![0; usize_of(PIECE.min(end - at))];
        while at < end {
            let piece = &mut buffer[..usize_of((end - at).min(PIECE))];
            if let Source::Log(place) = source {
                let done = at - extent.start * SECTOR;
                self.below.log.read_exact_at(piece, place + done)?;
            }
            file.write_all_at(piece, at)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

impl ReadAt for View<'_> {
    fn size(&self) -> u64 {
        self.below.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.below.read_at(offset, buffer)?;
        self.below.copy(self.above, offset, buffer)
    }

    fn fingerprint(&self, range: Range<u64>) -> u64 {
        let sectors = sectors_of(&range);
        let mut merged = Extents::default();
        for (extent, source) in self.below.written.within(sectors.clone()) {
            merged.write(extent, source);
        }
        for (extent, source) in self.above.within(sectors.clone()) {
            merged.write(extent, source);
        }
        fingerprint(range, merged.within(sectors))
    }
}

fn sectors_of(range: &Range<u64>) -> Range<u64> {
    range.start / SECTOR..range.end.div_ceil(SECTOR)
}

fn fingerprint(range: Range<u64>, extents: impl Iterator<Item = (Range<u64>, Source)>) -> u64 {
    let mut hash = DefaultHasher::new();
    range.hash(&mut hash);
    for extent in extents {
        extent.hash(&mut hash);
    }
    hash.finish()
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).expect("this program runs on 64-bit machines")
}
