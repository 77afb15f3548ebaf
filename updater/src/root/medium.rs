//! Finding the installation medium.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};

use super::cmdline::VerityTarget;
use super::{Places, RootError, disks, verity};

/// Where ISO9660 has its mark.
const ISO_MARK_AT: u64 = 32_769;
const ISO_MARK: &[u8; 5] = b"CD001";

/// Mounts the first device whose root part belongs to this kernel, and returns
/// its name. Other devices are left as they were.
pub(super) fn find(
    places: &Places,
    machine: &dyn Machine,
    target: &VerityTarget,
) -> Result<Option<String>, RootError> {
    for name in disks::names(places) {
        let device = places.device(&name);
        if !is_iso9660(&device) {
            continue;
        }
        let spec = MountSpec::device(&device, places.medium(), "iso9660").read_only();
        let Ok(mount) = Mount::on(machine, &spec) else {
            continue;
        };
        if verity::check(&places.medium_root(), target).is_ok() {
            mount.keep();
            return Ok(Some(name));
        }
        mount.release()?;
    }
    Ok(None)
}

fn is_iso9660(device: &Path) -> bool {
    let mut mark = [0; ISO_MARK.len()];
    let read = File::open(device).and_then(|file| file.read_exact_at(&mut mark, ISO_MARK_AT));
    read.is_ok() && &mark == ISO_MARK
}
