//! What is remembered of a trial across restarts.

use megh_host::Machine;
use megh_model::slot::Slot;
use megh_model::update::{LAST_TRIAL_FILE, LastTrial};
use serde::{Deserialize, Serialize};

use crate::{Places, UpdateError, kept};

/// File of [`Pending`] below the updater's directory.
const PENDING_FILE: &str = "pending.json";

/// A trial that was ordered and whose end is not known yet. It tells what the
/// disk does not; whether there is or was a trial is told by the disk alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The version that is tried.
    pub(crate) version: String,
    /// The version that is left.
    pub(crate) from_version: String,
    /// The slot that is tried.
    pub(crate) slot: Slot,
    /// When it was ordered, seconds since 1970.
    pub(crate) at: u64,
    /// The kernel's identity of the boot that ordered it.
    pub(crate) boot_id: String,
}

impl Pending {
    pub(crate) fn load(machine: &dyn Machine, places: &Places) -> Option<Self> {
        kept::load(machine, &places.kept(PENDING_FILE))
    }

    pub(crate) fn save(&self, machine: &dyn Machine, places: &Places) -> Result<(), UpdateError> {
        kept::save(machine, &places.kept(PENDING_FILE), self)
    }

    pub(crate) fn forget(machine: &dyn Machine, places: &Places) -> Result<(), UpdateError> {
        kept::forget(machine, &places.kept(PENDING_FILE))
    }
}

/// How the last trial ended.
pub(crate) fn last(machine: &dyn Machine, places: &Places) -> Option<LastTrial> {
    kept::load(machine, &places.kept(LAST_TRIAL_FILE))
}

/// Keeps how a trial ended; the trial is not pending any more.
pub(crate) fn end(
    machine: &dyn Machine,
    places: &Places,
    trial: &LastTrial,
) -> Result<(), UpdateError> {
    kept::save(machine, &places.kept(LAST_TRIAL_FILE), trial)?;
    Pending::forget(machine, places)
}
