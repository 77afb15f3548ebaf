//! From a log to the disks that a power cut could have left.

use std::ops::Range;

use super::disk_state::{Base, DiskState};
use super::extents::{Extents, Source};
use super::format::{Entry, EntryKind};
use super::{SECTOR, WriteLog};

/// How the writes of a subset arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// Each one whole or not at all.
    Whole,
    /// Any sector of each one, or not.
    BySector,
}

/// The time between two flushes: what is promised, and what is under way.
#[derive(Debug)]
pub struct Epoch<'a> {
    /// The index of the flush that ends it; the count of entries at the end.
    pub flush: usize,
    /// The disk with all that was promised before.
    pub promised: &'a DiskState,
    /// Writes that nobody has promised yet, in their order.
    pub pending: &'a [Entry],
}

impl Epoch<'_> {
    /// Nothing of what is pending.
    pub fn nothing(&self) -> Extents {
        Extents::default()
    }

    /// All of what is pending.
    pub fn everything(&self) -> Extents {
        let mut extents = Extents::default();
        for entry in self.pending {
            put(entry, &mut |sectors, source| extents.write(sectors, source));
        }
        extents
    }

    /// Some of what is pending, as drawn.
    pub fn subset(&self, draws: &mut fastrand::Rng, tear: Tear) -> Extents {
        let mut extents = Extents::default();
        for entry in self.pending {
            match tear {
                Tear::Whole if draws.bool() => {
                    put(entry, &mut |sectors, source| extents.write(sectors, source));
                }
                Tear::Whole => {}
                Tear::BySector => put_torn(entry, draws, &mut extents),
            }
        }
        extents
    }
}

/// Walks through a log.
#[derive(Debug, Clone)]
pub struct Replay {
    log: WriteLog,
    base: Base,
    forgotten: Vec<Range<u64>>,
}

impl Replay {
    /// Of `log`, over the disk as it was before.
    pub fn new(log: WriteLog, base: Base) -> Self {
        Self {
            log,
            base,
            forgotten: Vec::new(),
        }
    }

    /// Lets flushes promise nothing about these bytes of the disk, as if the
    /// program had not asked for what it wrote there to be on the disk. The
    /// disks of such a replay are those of a build without that `fsync`.
    #[must_use]
    pub fn without_flushes_of(mut self, bytes: Range<u64>) -> Self {
        self.forgotten
            .push(bytes.start / SECTOR..bytes.end.div_ceil(SECTOR));
        self
    }

    /// Shows every epoch from the entry `from` on, the unended last one too.
    pub fn walk<E>(
        &self,
        from: usize,
        mut look: impl FnMut(&Epoch<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let entries = self.log.entries();
        let mut promised = DiskState::new(self.base.clone(), &self.log);
        let mut pending: Vec<Entry> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry.kind {
                EntryKind::Mark => {}
                EntryKind::Flush => {
                    self.look_at(index, from, &promised, &pending, &mut look)?;
                    self.promise(&mut promised, &mut pending);
                }
                EntryKind::Write { durable: true } if !self.is_forgotten(entry) => {
                    put(entry, &mut |sectors, source| {
                        promised.write(sectors, source)
                    });
                }
                EntryKind::Write { .. } | EntryKind::Discard => pending.push(*entry),
            }
        }
        self.look_at(entries.len(), from, &promised, &pending, &mut look)
    }

    fn look_at<E>(
        &self,
        flush: usize,
        from: usize,
        promised: &DiskState,
        pending: &[Entry],
        look: &mut impl FnMut(&Epoch<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if flush < from {
            return Ok(());
        }
        look(&Epoch {
            flush,
            promised,
            pending,
        })
    }

    /// A flush is done: what was pending is on the disk, except what is forgotten.
    fn promise(&self, promised: &mut DiskState, pending: &mut Vec<Entry>) {
        pending.retain(|entry| {
            let stays = self.is_forgotten(entry);
            if !stays {
                put(entry, &mut |sectors, source| {
                    promised.write(sectors, source)
                });
            }
            stays
        });
    }

    fn is_forgotten(&self, entry: &Entry) -> bool {
        let sectors = entry.sector..entry.sector + entry.sectors;
        self.forgotten
            .iter()
            .any(|range| range.start < sectors.end && sectors.start < range.end)
    }
}

fn source_of(entry: &Entry) -> Source {
    match entry.kind {
        EntryKind::Discard => Source::Zero,
        _ => Source::Log(entry.data),
    }
}

fn put(entry: &Entry, to: &mut impl FnMut(Range<u64>, Source)) {
    to(entry.sector..entry.sector + entry.sectors, source_of(entry));
}

/// Runs of sectors that arrive, between runs that do not.
fn put_torn(entry: &Entry, draws: &mut fastrand::Rng, extents: &mut Extents) {
    if entry.kind == EntryKind::Discard {
        if draws.bool() {
            put(entry, &mut |sectors, source| extents.write(sectors, source));
        }
        return;
    }
    let mut done = 0;
    let mut arrives = draws.bool();
    while done < entry.sectors {
        let run = draws.u64(1..=entry.sectors - done);
        if arrives {
            let start = entry.sector + done;
            extents.write(start..start + run, Source::Log(entry.data + done * SECTOR));
        }
        done += run;
        arrives = !arrives;
    }
}
