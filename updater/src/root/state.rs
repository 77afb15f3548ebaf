//! What is writable: the state, and a `/var` that is forgotten.

use std::fs;

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};
use megh_model::mutable::STATE_DIR;

use super::{Places, RootError};

/// Where the memory behind `/var` is, before and after the root is switched.
const VOLATILE: &str = "/run/meghos/var";

/// Mounts a disk's state partition.
pub(super) fn mount_partition(
    places: &Places,
    machine: &dyn Machine,
    device: &str,
) -> Result<(), RootError> {
    mount_volatile_var(places, machine)?;
    let spec = MountSpec::device(places.device(device), places.new_root(STATE_DIR), "ext4")
        .option("nosuid")
        .option("nodev")
        .option("noatime");
    Mount::on(machine, &spec)?.keep();
    Ok(())
}

/// Keeps state in memory, for a system that runs from a medium.
pub(super) fn mount_memory(places: &Places, machine: &dyn Machine) -> Result<(), RootError> {
    mount_volatile_var(places, machine)?;
    let spec = MountSpec::virtual_fs("tmpfs", places.new_root(STATE_DIR))
        .option("nosuid")
        .option("nodev")
        .option("mode=0755");
    Mount::on(machine, &spec)?.keep();
    Ok(())
}

/// Programs expect to find and change things in `/var`. They find what the slot
/// has there; what they change is in memory, and gone at the next start, unless
/// its path is in the list of mutable paths.
fn mount_volatile_var(places: &Places, machine: &dyn Machine) -> Result<(), RootError> {
    let memory = places.path(VOLATILE);
    let tmpfs = MountSpec::virtual_fs("tmpfs", &memory).option("mode=0700");
    Mount::on(machine, &tmpfs)?.keep();
    let [upper, work] = ["upper", "work"].map(|name| memory.join(name));
    for dir in [&upper, &work] {
        fs::create_dir(dir).map_err(RootError::file("make", dir))?;
    }
    let var = places.new_root("/var");
    let overlay = MountSpec::virtual_fs("overlay", &var)
        .option(format!("lowerdir={}", var.display()))
        .option(format!("upperdir={}", upper.display()))
        .option(format!("workdir={}", work.display()));
    Mount::on(machine, &overlay)?.keep();
    Ok(())
}
