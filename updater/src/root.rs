//! From a started kernel to a root file system that is the signed one: the
//! program of the initrd.
//!
//! Where the kernel came from decides ([`megh_model::boot::root_source`]); this
//! module finds the partitions, opens the root with dm-verity, mounts state and
//! binds what may change. Nothing is written to any disk but the state partition
//! of the disk that was started from.

use std::path::Path;
use std::time::{Duration, Instant};

use megh_host::Machine;
use megh_model::boot::{BootRecord, BootSource, DiskRoot, Firmware, RootSource, root_source};
use uuid::Uuid;

mod bind;
mod cmdline;
pub(crate) mod disks;
mod error;
mod firmware;
mod medium;
mod places;
mod record;
mod start;
mod state;
#[cfg(test)]
mod tests;
mod verity;

pub use error::RootError;
pub use places::Places;
pub use record::{announce_failure, describe};

use cmdline::Cmdline;

/// How long disks may take to appear: controllers with many of them, and USB.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

/// Prepares everything below the new root and leaves the boot record.
pub fn prepare(places: &Places, machine: &dyn Machine) -> Result<BootRecord, RootError> {
    let cmdline = Cmdline::read(places)?;
    let firmware = firmware::detect(places);
    let boot_partition = match firmware {
        Firmware::Uefi => firmware::loader_partition(places, machine)?,
        Firmware::Bios => cmdline.boot_partition,
    };
    verity::load_drivers(machine)?;
    let found = wait_for_root(places, machine, &cmdline, boot_partition)?;
    let source = match found {
        Found::Disk(disk) => {
            let device = places.device(&disk.root);
            verity::check(&device, &cmdline.verity)?;
            verity::open(places, machine, &device, &cmdline.verity)?;
            state::mount_partition(places, machine, &disk.state)?;
            BootSource::Disk {
                slot: disk.slot,
                disk: disk.disk,
                boot_partition: disk.boot_partition,
            }
        }
        Found::Medium { device } => {
            verity::open(places, machine, &places.medium_root(), &cmdline.verity)?;
            state::mount_memory(places, machine)?;
            BootSource::Medium { device }
        }
    };
    bind::mutable_paths(places, machine)?;
    let root_hash = cmdline.verity.root_hash.to_string();
    let record = BootRecord {
        firmware,
        source,
        root_hash,
    };
    record::write(places, &record)?;
    Ok(record)
}

/// A root that is there.
enum Found {
    Disk(DiskRoot),
    /// The medium is mounted.
    Medium {
        device: String,
    },
}

/// Looks again and again until the root has appeared. A boot partition that
/// stays away for [`PATIENCE`] means that the loader came from a medium.
fn wait_for_root(
    places: &Places,
    machine: &dyn Machine,
    cmdline: &Cmdline,
    boot_partition: Option<Uuid>,
) -> Result<Found, RootError> {
    let begun = Instant::now();
    loop {
        let late = begun.elapsed() >= PATIENCE;
        match root_source(boot_partition, &disks::partitions(places))? {
            RootSource::Disk(disk) if late || both_exist(places, &disk) => {
                return Ok(Found::Disk(disk));
            }
            RootSource::Disk(_) => {}
            RootSource::NotYet if !late => {}
            RootSource::Medium | RootSource::NotYet => {
                match medium::find(places, machine, &cmdline.verity)? {
                    Some(device) => return Ok(Found::Medium { device }),
                    None if late => return Err(no_root(places, boot_partition)),
                    None => {}
                }
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn no_root(places: &Places, boot_partition: Option<Uuid>) -> RootError {
    RootError::NoRoot {
        boot: boot_partition.map_or("not named".to_owned(), |uuid| uuid.to_string()),
        disks: disks::names(places).join(", "),
    }
}

/// Partitions appear in the table before their device nodes do.
fn both_exist(places: &Places, disk: &DiskRoot) -> bool {
    let exists = |name: &String| Path::exists(&places.device(name));
    exists(&disk.root) && exists(&disk.state)
}
