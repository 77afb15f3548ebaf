//! `apply` and `rollback`: the loader is told, and the machine restarts.

use megh_host::power;
use megh_model::update::machine::{self, Write};
use megh_model::update::{LastTrial, Phase, TrialOutcome};

use crate::lock::Lock;
use crate::look::{Found, look};
use crate::perform::Performer;
use crate::report::{Meter, Sink};
use crate::trial::{self, Pending};
use crate::volumes::{Access, Volumes};
use crate::{UpdateError, Updater, journal, kept};

/// Made when another version was ordered: the gate of this one must not undo that.
const LEAVING_FILE: &str = "leaving";

impl Updater<'_> {
    /// Has the loader try the release that lies ready, and returns its version.
    /// The machine has to restart: [`Updater::restart`].
    pub fn apply(&self, sink: &mut Sink<'_>) -> Result<String, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        let mut meter = Meter::new(&self.places, sink);
        meter.enter(Phase::Activating, 0);
        let ordered = self.change(|found| {
            let writes = machine::apply(&found.facts)?;
            let slot = self.disk.slot.other();
            let version = found.version(slot).unwrap_or_default();
            Pending {
                version: version.clone(),
                from_version: self.disk.version.clone(),
                slot,
                at: self.now(),
                boot_id: journal::boot_id(self.machine, &self.places),
            }
            .save(self.machine, &self.places)?;
            self.leave()?;
            Ok((writes, version))
        });
        self.refresh();
        if ordered.is_err() && !self.peek(|_| ()).0.facts.trial_is_ordered() {
            // Nothing came of it, and nothing will be tried.
            Pending::forget(self.machine, &self.places)?;
            self.stay()?;
        }
        ordered
    }

    /// Has the loader start the other slot, which has done its job before, and
    /// returns its version. The machine has to restart.
    pub fn rollback(&self, sink: &mut Sink<'_>) -> Result<String, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        let mut meter = Meter::new(&self.places, sink);
        meter.enter(Phase::Activating, 0);
        let version = self.change(|found| {
            let writes = machine::rollback(&found.facts)?;
            let version = found.version(self.disk.slot.other()).unwrap_or_default();
            self.leave()?;
            Ok((writes, version))
        })?;
        let ended = LastTrial {
            version: self.disk.version.clone(),
            from_version: version.clone(),
            outcome: TrialOutcome::RolledBack,
            reason: "A person went back to the version before.".to_owned(),
            at: self.now(),
            checks: Vec::new(),
            journal: false,
            data: None,
        };
        trial::end(self.machine, &self.places, &ended)?;
        self.refresh();
        Ok(version)
    }

    fn leave(&self) -> Result<(), UpdateError> {
        kept::show(&self.places.run(LEAVING_FILE), &())
    }

    /// Whether another version was ordered since the machine started.
    pub(crate) fn is_leaving(&self) -> bool {
        self.places.run(LEAVING_FILE).exists()
    }

    /// This version was ordered after all.
    pub(crate) fn stay(&self) -> Result<(), UpdateError> {
        kept::forget(self.machine, &self.places.run(LEAVING_FILE))
    }

    /// Looks, decides, and makes the writes that were decided.
    pub(crate) fn change<T>(
        &self,
        decide: impl FnOnce(&Found) -> Result<(Vec<Write>, T), UpdateError>,
    ) -> Result<T, UpdateError> {
        let volumes = Volumes::open(self.machine, &self.places, &self.disk, Access::Write);
        let found = look(&volumes, &self.disk);
        let (writes, answer) = decide(&found)?;
        Performer {
            machine: self.machine,
            disk: &self.disk,
            volumes: &volumes,
            found: &found,
            now: self.now(),
        }
        .all(&writes)?;
        volumes.release()?;
        Ok(answer)
    }

    /// Restarts the machine, in order.
    pub fn restart(&self) -> Result<(), UpdateError> {
        Ok(power::reboot(self.machine)?)
    }
}
