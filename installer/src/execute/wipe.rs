//! Making what was on the disk unreadable, and keeping it so.

use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use megh_host::command::Cmd;
use megh_host::disk::RawDisk;
use megh_host::gpt::TABLE_AREA;

use super::{Run, StepError};

/// Where file systems and volume managers keep their signatures.
const SIGNATURE_AREA: u64 = 1 << 20;
/// The kernel is asked this often to forget the old partitions: something like
/// udev may be looking at them.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

impl Run<'_> {
    /// Takes what was on the disk out of use. Nothing is written yet.
    pub(super) fn free_disk(&mut self) -> Result<(), StepError> {
        for group in &self.task.plan.deactivate {
            self.machine
                .run(&Cmd::new("vgchange").args(["--activate", "n"]).arg(group))?;
        }
        Ok(())
    }

    /// Overwrites both tables and every place where a signature could show
    /// through in a new partition, and has the kernel forget the old partitions.
    pub(super) fn wipe(&mut self) -> Result<(), StepError> {
        let mut disk = self.open_disk()?;
        self.zero_tables(disk.as_mut())?;
        for partition in &self.task.plan.layout.partitions {
            let fail = self.disk_error("wipe the beginning of partition", partition.role);
            disk.zero(partition.start, SIGNATURE_AREA).map_err(fail)?;
        }
        disk.sync()
            .map_err(self.disk_error("wipe", self.device()))?;
        drop(disk);
        self.forget_partitions()
    }

    /// Best effort, after a failure: no firmware finds anything on the disk.
    pub(super) fn disarm(&mut self) {
        let disarmed = self.open_disk().and_then(|mut disk| {
            self.zero_tables(disk.as_mut())?;
            disk.sync().map_err(self.disk_error("wipe", self.device()))
        });
        if let Err(error) = disarmed {
            let error = anyhow::Error::from(error);
            self.meter.warn(format!(
                "the disk could not be wiped after the failure: {error:#}"
            ));
        }
    }

    fn zero_tables(&self, disk: &mut dyn RawDisk) -> Result<(), StepError> {
        let size = self.task.plan.layout.disk.0;
        disk.zero(0, TABLE_AREA)
            .map_err(self.disk_error("wipe the beginning of", self.device()))?;
        disk.zero(size - TABLE_AREA, TABLE_AREA)
            .map_err(self.disk_error("wipe the end of", self.device()))
    }

    /// Succeeds only when nobody uses a partition of the disk.
    fn forget_partitions(&self) -> Result<(), StepError> {
        let device = &self.task.plan.device;
        let forget = Cmd::new("blockdev").arg("--rereadpt").arg(device);
        let mut last = self.machine.run(&forget);
        for _ in 1..ATTEMPTS {
            if last.is_ok() {
                break;
            }
            thread::sleep(PAUSE);
            last = self.machine.run(&forget);
        }
        last.map(drop).map_err(|source| StepError::StillUsed {
            device: device.clone(),
            source,
        })
    }

    pub(super) fn device(&self) -> String {
        self.task.plan.device.display().to_string()
    }

    /// Turns an error of the disk into one that says what was being done to what.
    pub(super) fn disk_error<W: fmt::Display>(
        &self,
        action: &'static str,
        what: W,
    ) -> impl Fn(io::Error) -> StepError + use<W> {
        let what = what.to_string();
        move |source| StepError::Disk {
            action,
            what: what.clone(),
            source,
        }
    }
}
