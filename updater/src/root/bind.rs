//! Binding the mutable paths from the state partition.

use std::fs;

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};
use megh_model::mutable::{self, MUTABLE_DIR, MUTABLE_PATHS_FILE, MutablePath, STATE_DIR};

use super::{Places, RootError, start};

/// Binds every path of the slot's list. What is not on the state partition yet
/// begins as the list says.
pub(super) fn mutable_paths(places: &Places, machine: &dyn Machine) -> Result<(), RootError> {
    let list = places.new_root(MUTABLE_PATHS_FILE);
    let text = fs::read_to_string(&list).map_err(RootError::file("read", list))?;
    for path in mutable::parse(&text)? {
        bind(places, machine, &path)?;
    }
    Ok(())
}

fn bind(places: &Places, machine: &dyn Machine, path: &MutablePath) -> Result<(), RootError> {
    let target = places.new_root(path.path());
    let bound = places
        .new_root(STATE_DIR)
        .join(MUTABLE_DIR)
        .join(path.relative());
    if !fs::exists(&bound).map_err(RootError::file("look for", &bound))? {
        start::create(path, &target, &bound)?;
    }
    Mount::on(machine, &MountSpec::bind(&bound, &target))?.keep();
    Ok(())
}
