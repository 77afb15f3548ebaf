//! The moment from which the disk starts.

use megh_host::command::Cmd;
use megh_host::disk::RawDisk;
use megh_host::gpt::Table;
use megh_model::bios;
use megh_model::layout::{PartitionRole, SectorSize};
use megh_model::release::PartKind;

use super::{Run, StepError};

impl Run<'_> {
    /// Writes the second table, the first, and last the sector that makes
    /// firmware look at them, each on the medium before the next.
    pub(super) fn activate(&mut self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let code = self.boot_code()?;
        let table = Table::render(&self.task.plan.layout, &self.task.identities, code.as_ref())?;
        let pieces = [
            ("the second partition table", table.tail.0, &table.tail.1),
            ("the partition table", table.head.0, &table.head.1),
            ("the first sector", 0, &table.first_sector),
        ];
        for (what, offset, bytes) in pieces {
            disk.write_at(offset, bytes)
                .map_err(self.disk_error("write", what))?;
            disk.sync().map_err(self.disk_error("write", what))?;
            self.expect_on_disk(disk, offset, bytes, what)?;
        }
        self.show_partitions();
        Ok(())
    }

    /// BIOS knows sectors of 512 bytes only.
    fn boot_code(&self) -> Result<Option<[u8; 440]>, StepError> {
        let layout = &self.task.plan.layout;
        if layout.sector != SectorSize::B512 {
            return Ok(None);
        }
        let image = self.task.release.bytes(self.machine, PartKind::BiosBoot)?;
        let core = layout.partition(PartitionRole::Bios).start / bios::BIOS_SECTOR;
        Ok(Some(bios::boot_code(&image, core)?))
    }

    /// Lets the running system see the new partitions; it can do without.
    fn show_partitions(&self) {
        let show = Cmd::new("blockdev")
            .arg("--rereadpt")
            .arg(&self.task.plan.device);
        if let Err(error) = self.machine.run(&show) {
            tracing::info!(%error, "the new partitions show after a restart");
        }
    }
}
