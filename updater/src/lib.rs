//! What a machine needs to start and to change its own system.
//!
//! Nothing here depends on the control plane: it works when `meghd` is dead.
//! What is decided is in [`megh_model::update`]; this carries it out through
//! `megh-host`. The updater writes to the slot that is not in use, to the boot
//! environment and the loaders, and to its own directory on the state partition.

mod apply;
mod auto;
pub mod boot_env;
mod check;
pub mod cli;
mod disk;
mod engines;
mod error;
mod examine;
pub mod fetch;
mod gate;
mod journal;
mod kept;
mod loaders;
mod lock;
mod look;
mod perform;
mod places;
mod repair;
mod report;
pub mod root;
mod settle;
mod source;
mod stage;
mod status;
#[cfg(test)]
mod testing;
mod trial;
mod volumes;

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use megh_host::Machine;
use megh_model::update::{SETTINGS_FILE, Settings};

pub use disk::BootDisk;
pub use error::UpdateError;
pub use gate::{GateOutcome, GateTiming};
pub use places::Places;
pub use repair::RepairRequest;
pub use report::Sink;
pub use source::STICK_DIR;
pub use stage::StageRequest;

use examine::Examiner;

/// The updater of an installed machine.
#[derive(Debug)]
pub struct Updater<'m> {
    machine: &'m dyn Machine,
    places: Places,
    disk: BootDisk,
    /// Stands still in tests.
    clock: fn() -> u64,
}

impl<'m> Updater<'m> {
    /// The updater of this machine.
    pub fn new(machine: &'m dyn Machine, places: Places) -> Result<Self, UpdateError> {
        let disk = BootDisk::find(machine, &places)?;
        Ok(Self {
            machine,
            places,
            disk,
            clock: seconds_since_1970,
        })
    }

    /// Seconds since 1970.
    fn now(&self) -> u64 {
        (self.clock)()
    }

    /// The settings that are in force.
    pub fn settings(&self) -> Settings {
        settings(self.machine, &self.places)
    }

    fn examiner<'a>(&'a self, settings: &'a Settings) -> Examiner<'a> {
        Examiner {
            machine: self.machine,
            places: &self.places,
            disk: &self.disk,
            settings,
            now: self.now(),
        }
    }
}

/// The settings that are in force; those that are damaged or make no sense
/// count as never made.
pub fn settings(machine: &dyn Machine, places: &Places) -> Settings {
    let kept: Option<Settings> = kept::load(machine, &places.kept(SETTINGS_FILE));
    kept.filter(|settings| settings.check().is_ok())
        .unwrap_or_default()
}

/// Puts other settings in force.
pub fn put_settings(
    machine: &dyn Machine,
    places: &Places,
    settings: &Settings,
) -> Result<(), UpdateError> {
    settings.check()?;
    let _lock = lock::Lock::memory(places)?;
    kept::save(machine, &places.kept(SETTINGS_FILE), settings)
}

fn seconds_since_1970() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// An error with all its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
