//! The root through dm-verity.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use megh_host::Machine;
use megh_host::command::Cmd;
use megh_host::mount::{Mount, MountSpec};
use megh_model::verity::{HEAD_SIZE, check_head};

use super::cmdline::VerityTarget;
use super::{Places, RootError};

/// Name of the device that shows the checked root.
const MAPPED: &str = "meghos-root";

/// Loads what nothing else asks for by itself.
pub(super) fn load_drivers(machine: &dyn Machine) -> Result<(), RootError> {
    machine.run(&Cmd::new("modprobe").args(["--all", "loop", "dm-verity", "overlay"]))?;
    Ok(())
}

/// Whether `source` holds the root that is wanted. Data are checked later, by
/// the kernel, whenever they are read.
pub(super) fn check(source: &Path, target: &VerityTarget) -> Result<(), RootError> {
    let file = File::open(source).map_err(RootError::file("open", source))?;
    let mut head = vec![0; HEAD_SIZE];
    file.read_exact_at(&mut head, target.hash_offset)
        .map_err(RootError::file("read", source))?;
    check_head(&head, &target.root_hash).map_err(|error| RootError::WrongRoot {
        device: source.to_owned(),
        source: error,
    })
}

/// Mounts the root from a device or file. From here on a damaged block is a
/// panic, never a silent read.
pub(super) fn open(
    places: &Places,
    machine: &dyn Machine,
    source: &Path,
    target: &VerityTarget,
) -> Result<(), RootError> {
    let cmd = Cmd::new("veritysetup")
        .args(["open", "--panic-on-corruption"])
        .arg(format!("--hash-offset={}", target.hash_offset))
        .arg(source)
        .arg(MAPPED)
        .arg(source)
        .arg(target.root_hash.to_string());
    machine.run(&cmd)?;
    let mapped = places.device(&format!("mapper/{MAPPED}"));
    let root = MountSpec::device(mapped, places.new_root("/"), "erofs").read_only();
    Mount::on(machine, &root)?.keep();
    Ok(())
}
