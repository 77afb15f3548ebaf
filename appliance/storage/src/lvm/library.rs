//! The pool's own file system, which holds uploads and serial logs.

use std::path::Path;

use megh_host::Machine;
use megh_host::command::Cmd;
use megh_host::mount::{Mount, MountSpec};
use megh_model::answers::VolumeGroup;

use super::commands;
use crate::StorageError;

const ACTION: &str = "mount the library of";

/// Activates the pool and mounts its library at `target`, which is made if
/// absent. What is mounted already stays mounted.
pub fn mount_library(
    machine: &dyn Machine,
    group: &VolumeGroup,
    target: &Path,
) -> Result<(), StorageError> {
    if is_mounted(machine, target)? {
        return Ok(());
    }
    machine
        .run(&commands::activate(group, VolumeGroup::LIBRARY))
        .map_err(|error| StorageError::pool(ACTION, error))?;
    let device = Path::new("/dev")
        .join(group.as_str())
        .join(VolumeGroup::LIBRARY);
    // Room that is given back here is room for instances.
    let spec = MountSpec::device(device, target, "xfs")
        .option("discard")
        .option("nodev");
    let mount = Mount::on(machine, &spec).map_err(|error| {
        let cause = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        StorageError::pool(ACTION, cause)
    })?;
    mount.keep();
    Ok(())
}

fn is_mounted(machine: &dyn Machine, target: &Path) -> Result<bool, StorageError> {
    let cmd = Cmd::new("findmnt").args(["--json", "--list", "--output", "TARGET"]);
    let output = machine
        .run(&cmd)
        .map_err(|error| StorageError::pool(ACTION, error))?;
    let mounts: Mounts = serde_json::from_slice(&output.stdout)
        .map_err(|error| StorageError::pool(ACTION, error))?;
    Ok(mounts
        .filesystems
        .iter()
        .any(|mount| Path::new(&mount.target) == target))
}

#[derive(serde::Deserialize)]
struct Mounts {
    filesystems: Vec<Mounted>,
}

#[derive(serde::Deserialize)]
struct Mounted {
    target: String,
}
