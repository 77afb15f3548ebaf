//! The boot path of a machine's disk: what no refused release may touch.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::disk::Disk;
use crate::image_check::partition_place;
use crate::write_log::{Base, DiskState, Entry, EntryKind, ReadAt, SECTOR, WriteLog};

/// Partitions that belong to the machine's work, whatever is offered to it.
const WORK: [&str; 2] = ["state", "pool"];
/// The slot that takes a release, once its documents are believed.
const TARGET: [&str; 2] = ["boot-b", "root-b"];

/// What a release may have touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Its documents are refused: nothing at all.
    Nothing,
    /// Its parts are refused: the slot that does not run.
    OtherSlot,
}

/// A recorded disk, watched from a moment on.
#[derive(Debug)]
pub(super) struct Guard<'d> {
    disk: &'d Disk,
    base: Base,
    /// The disk at that moment.
    before: DiskState,
    /// Entries of the log that are judged already.
    judged: usize,
    allowed: Vec<Range<u64>>,
    target: Vec<Range<u64>>,
}

impl<'d> Guard<'d> {
    /// Watches `disk`, an overlay of the raw file `base`, from now on.
    pub(super) fn begin(disk: &'d Disk, base: Base) -> Result<Self> {
        let log = open(disk)?;
        let judged = log.entries().len();
        let places = |names: &[&str]| -> Result<Vec<_>> {
            let place = |name: &&str| partition_place(&base, name);
            names.iter().map(place).collect()
        };
        Ok(Self {
            before: log.state(base.clone(), judged),
            allowed: places(&WORK)?,
            target: places(&TARGET)?,
            judged,
            disk,
            base,
        })
    }

    /// That since the last call nothing has become different but what a release
    /// may reach; returns how many writes there were elsewhere that changed
    /// nothing in the end, as of the mark that a mounted FAT carries. The log must
    /// have been flushed.
    pub(super) fn check(&mut self, reach: Reach) -> Result<usize> {
        let log = open(self.disk)?;
        let after = log.state(self.base.clone(), log.entries().len());
        let fresh = &log.entries()[self.judged..];
        let guarded: Vec<_> = fresh
            .iter()
            .filter_map(|entry| self.guarded(entry, reach))
            .collect();
        self.judged = log.entries().len();
        if let Some(bytes) = changed(&self.before, &after, &guarded)? {
            bail!(
                "bytes {} to {} of the disk, on the way to a start, were changed",
                bytes.start,
                bytes.end
            );
        }
        Ok(guarded.len())
    }

    /// The bytes of a write that are none of the release's business.
    fn guarded(&self, entry: &Entry, reach: Reach) -> Option<Range<u64>> {
        if matches!(entry.kind, EntryKind::Flush | EntryKind::Mark) {
            return None;
        }
        let bytes = entry.sector * SECTOR..(entry.sector + entry.sectors) * SECTOR;
        let inside = |place: &Range<u64>| place.start <= bytes.start && bytes.end <= place.end;
        let free = self.allowed.iter().any(inside)
            || reach == Reach::OtherSlot && self.target.iter().any(inside);
        (!free).then_some(bytes)
    }
}

fn open(disk: &Disk) -> Result<WriteLog> {
    WriteLog::open(disk.log().context("the disk is not recorded")?)
}

/// The first of these stretches that holds something else than before.
fn changed(
    before: &DiskState,
    after: &DiskState,
    stretches: &[Range<u64>],
) -> Result<Option<Range<u64>>> {
    let read = |state: &DiskState, bytes: &Range<u64>| -> Result<Vec<u8>> {
        let length = usize::try_from(bytes.end - bytes.start)?;
        let mut buffer = vec![0; length];
        state.read_at(bytes.start, &mut buffer)?;
        Ok(buffer)
    };
    for bytes in stretches {
        if read(before, bytes)? != read(after, bytes)? {
            return Ok(Some(bytes.clone()));
        }
    }
    Ok(None)
}
