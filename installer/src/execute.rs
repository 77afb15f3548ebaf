//! Carrying out a plan.
//!
//! Nothing is written before every part of the release has been compared with
//! the manifest. Then the disk is made unreadable first and readable last: the
//! partition table is the last thing written, so that an installation that is
//! cut off at any point leaves a disk that does not start, never half a system.

mod activate;
mod error;
mod file_systems;
mod pool;
mod secure_boot;
mod system;
mod wipe;

use std::collections::BTreeSet;
use std::path::Path;

use megh_host::Machine;
use megh_host::disk::RawDisk;
use megh_host::efi::{BootEntries, BootPartition};
use megh_host::gpt::Identities;
use megh_model::boot::Firmware;
use megh_model::layout::PartitionRole;
use megh_model::release::PartKind;
use megh_model::update::{BOOT_FILES, ESP_FILES, KEPT_LOADERS};
use uuid::Uuid;

pub use error::{ExecuteError, StepError};

use crate::plan::Plan;
use crate::progress::{Event, Meter, Phase};
use crate::release::Release;

/// The loader's path as the firmware writes it.
const LOADER: &str = r"\EFI\BOOT\BOOTX64.EFI";

/// What is to be done, and what was drawn for it.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// What is installed.
    pub release: &'a Release,
    /// What was decided.
    pub plan: &'a Plan,
    /// Identities of the disk and its partitions.
    pub identities: Identities,
    /// Partitions of the machine's other disks, whose boot entries stay.
    pub other_partitions: BTreeSet<Uuid>,
    /// A directory for mount points.
    pub run: &'a Path,
    /// The directory with Secure Boot keys for firmware.
    pub secure_boot: &'a Path,
}

/// Installs. When this fails, nothing stays mounted, and the disk is either as
/// it was (nothing was written yet) or does not start.
pub fn execute(
    machine: &dyn Machine,
    task: &Task<'_>,
    report: &mut dyn FnMut(Event),
) -> Result<(), ExecuteError> {
    let total = work(task.release);
    let mut run = Run {
        machine,
        task,
        meter: Meter::new(total, report),
    };
    let outcome = run.all();
    let phase = run.meter.phase();
    outcome.map_err(|source| ExecuteError {
        phase,
        source: Box::new(source),
    })?;
    let seconds = run.meter.elapsed().as_secs();
    report(Event::Done {
        version: task.plan.version.clone(),
        seconds,
    });
    Ok(())
}

/// Bytes that will be read, written and read back.
fn work(release: &Release) -> u64 {
    let size = |kind| release.part(kind).size;
    let verified: u64 = PartKind::ALL.into_iter().map(size).sum();
    let loaders: u64 = ESP_FILES.iter().map(|(kind, _)| size(*kind)).sum();
    let slot: u64 = BOOT_FILES.iter().map(|(kind, _)| size(*kind)).sum();
    let kept: u64 = KEPT_LOADERS.iter().map(|kind| size(*kind)).sum();
    verified + 2 * (size(PartKind::Root) + 2 * loaders + slot + kept)
}

/// An installation that runs.
struct Run<'a> {
    machine: &'a dyn Machine,
    task: &'a Task<'a>,
    meter: Meter<'a>,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), StepError> {
        self.meter.enter(Phase::Verify);
        self.verify()?;
        self.meter.enter(Phase::Wipe);
        self.free_disk()?;
        let written = self.write_disk();
        if written.is_err() {
            self.disarm();
        }
        written?;
        self.meter.enter(Phase::Firmware);
        self.tell_firmware();
        self.enrol_secure_boot();
        Ok(())
    }

    /// From the first to the last write.
    fn write_disk(&mut self) -> Result<(), StepError> {
        self.wipe()?;
        let mut disk = self.open_disk()?;
        self.meter.enter(Phase::System);
        self.write_system(disk.as_mut())?;
        self.meter.enter(Phase::ReadBack);
        self.read_system_back(disk.as_mut())?;
        self.meter.enter(Phase::Loaders);
        self.write_loaders(disk.as_mut())?;
        self.meter.enter(Phase::Kernel);
        self.write_slot(disk.as_mut())?;
        self.meter.enter(Phase::State);
        self.make_state(disk.as_mut())?;
        self.meter.enter(Phase::Pool);
        self.make_pool()?;
        self.meter.enter(Phase::Activate);
        self.activate(disk.as_mut())
    }

    /// Compares every part with the manifest.
    fn verify(&mut self) -> Result<(), StepError> {
        for kind in PartKind::ALL {
            let meter = &mut self.meter;
            self.task.release.stream(self.machine, kind, |bytes| {
                meter.add(bytes.len() as u64);
                Ok::<_, StepError>(())
            })?;
        }
        Ok(())
    }

    fn open_disk(&self) -> Result<Box<dyn RawDisk>, StepError> {
        let device = &self.task.plan.device;
        self.machine
            .open_disk(device)
            .map_err(|source| StepError::Disk {
                action: "open",
                what: device.display().to_string(),
                source,
            })
    }

    /// Best effort: every machine starts the disk without an entry too.
    fn tell_firmware(&mut self) {
        if self.task.plan.firmware == Firmware::Bios {
            return;
        }
        let layout = &self.task.plan.layout;
        let sector = layout.sector.bytes();
        let partition = |role: PartitionRole| {
            let partition = layout.partition(role);
            let first_sector = partition.start / sector;
            let id = self
                .task
                .identities
                .partitions
                .get(&role)
                .copied()
                .unwrap_or_default();
            BootPartition {
                number: role.number(),
                first_sector,
                sectors: partition.size.0 / sector,
                id,
            }
        };
        let entries = BootEntries {
            partitions: [PartitionRole::Esp, PartitionRole::EspSpare]
                .map(partition)
                .into(),
            loader: LOADER.to_owned(),
            present: self.task.other_partitions.clone(),
        };
        if let Err(error) = self.machine.register_boot(&entries) {
            let error = anyhow::Error::from(error);
            self.meter.warn(format!(
                "no boot entry was made, which is not needed: {error:#}"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
