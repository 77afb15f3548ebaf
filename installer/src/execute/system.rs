//! The root file system in its slot, byte by byte.

use megh_host::disk::RawDisk;
use megh_model::layout::PartitionRole;
use megh_model::release::{PartError, PartKind};
use megh_model::slot::Slot;

use super::{Run, StepError};

/// The slot that a fresh installation fills.
const SLOT: PartitionRole = PartitionRole::root(Slot::A);

impl Run<'_> {
    /// Writes the root part to its slot. What arrives is compared afterwards.
    pub(super) fn write_system(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let fail = self.disk_error("write partition", SLOT);
        let mut offset = self.task.plan.layout.partition(SLOT).start;
        let meter = &mut self.meter;
        self.task
            .release
            .stream_unchecked(self.machine, PartKind::Root, |bytes| {
                disk.write_at(offset, bytes).map_err(&fail)?;
                offset += bytes.len() as u64;
                meter.add(bytes.len() as u64);
                Ok::<_, StepError>(())
            })?;
        disk.sync().map_err(fail)
    }

    /// Reads it from the medium and compares it with the manifest.
    pub(super) fn read_system_back(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let partition = self.task.plan.layout.partition(SLOT);
        let part = self.task.release.part(PartKind::Root);
        let mut check = self.task.release.manifest().check(PartKind::Root);
        let mut wrong: Result<(), PartError> = Ok(());
        let meter = &mut self.meter;
        let read = disk.read_back(partition.start, part.size, &mut |bytes| {
            meter.add(bytes.len() as u64);
            if wrong.is_ok() {
                wrong = check.update(bytes);
            }
        });
        read.map_err(self.disk_error("read back partition", SLOT))?;
        let partition = SLOT;
        wrong
            .and_then(|()| check.finish())
            .map_err(|source| StepError::ReadBack { partition, source })
    }
}
