//! `apply` and `rollback`: the loader is told, and the machine restarts.

use megh_host::power;
use megh_model::boot_env::EnvCopy;
use megh_model::slot::Slot;
use megh_model::update::loader::{self, LoaderView, MarkerView};
use megh_model::update::machine::{self, Write};
use megh_model::update::{LastTrial, Phase, TrialOutcome};

use crate::lock::Lock;
use crate::look::{Found, look};
use crate::perform::Performer;
use crate::report::{Meter, Sink};
use crate::settle::SETTLED_FILE;
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
            self.note_order(slot, &version);
            self.leave()?;
            Ok((writes, version))
        });
        self.refresh();
        ordered.map_err(|error| self.half_ordered(error))
    }

    /// The trial can be told from the disk without its note.
    fn note_order(&self, slot: Slot, version: &str) {
        let noted = Pending {
            version: version.to_owned(),
            from_version: self.disk.version.clone(),
            slot,
            at: self.now(),
            boot_id: journal::boot_id(self.machine, &self.places),
        }
        .save(self.machine, &self.places);
        if let Err(error) = noted {
            tracing::warn!(error = crate::chain(&error), "the order is not noted");
        }
    }

    /// What is told of an order that failed on its way: the loader may start the
    /// other slot all the same.
    fn half_ordered(&self, error: UpdateError) -> UpdateError {
        if matches!(error, UpdateError::Refused(_)) {
            return error;
        }
        let other = self.disk.slot.other();
        let (found, (main, spare, marker)) = self.peek(|volumes| {
            let env = volumes.env();
            (
                env.copy(EnvCopy::Main),
                env.copy(EnvCopy::Spare),
                env.marker(),
            )
        });
        let Some(current) = found.facts.env else {
            // Nobody can tell.
            return error;
        };
        let next = loader::decide(&LoaderView {
            main,
            spare,
            marker: MarkerView {
                marker,
                writable: marker.is_some(),
            },
            marks: found.facts.marks,
        });
        if next.first == other {
            return UpdateError::HalfOrdered {
                version: found.version(other).unwrap_or_default(),
                source: Box::new(error),
            };
        }
        if current.choice().on_trial() != Some(other) {
            self.take_order_back();
        }
        error
    }

    /// Nothing that was ordered will be tried.
    pub(crate) fn take_order_back(&self) {
        for outcome in [Pending::forget(self.machine, &self.places), self.stay()] {
            if let Err(error) = outcome {
                tracing::warn!(error = crate::chain(&error), "an order is still noted");
            }
        }
    }

    /// Has the loader start the other slot, which has done its job before, and
    /// returns its version. The machine has to restart.
    pub fn rollback(&self, sink: &mut Sink<'_>) -> Result<String, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        let mut meter = Meter::new(&self.places, sink);
        meter.enter(Phase::Activating, 0);
        let other = self.disk.slot.other();
        let ordered = self.change(|found| {
            let writes = machine::rollback(&found.facts)?;
            let version = found.version(other).unwrap_or_default();
            self.leave()?;
            Ok((writes, version))
        });
        let ordered = ordered.map_err(|error| self.half_ordered(error));
        if let Ok(version) | Err(UpdateError::HalfOrdered { version, .. }) = &ordered {
            self.tell_rollback(version);
        }
        self.refresh();
        ordered
    }

    /// The loader was told already: the machine goes back even when this cannot
    /// be kept.
    fn tell_rollback(&self, to: &str) {
        let ended = LastTrial {
            version: self.disk.version.clone(),
            from_version: to.to_owned(),
            outcome: TrialOutcome::RolledBack,
            reason: "A person went back to the version before.".to_owned(),
            at: self.now(),
            checks: Vec::new(),
            journal: false,
            data: None,
        };
        let kept = trial::end(self.machine, &self.places, &ended)
            .or_else(|error| Pending::forget(self.machine, &self.places).and(Err(error)));
        if let Err(error) = kept {
            tracing::error!(error = crate::chain(&error), "the rollback is not kept");
        }
    }

    fn leave(&self) -> Result<(), UpdateError> {
        kept::show(&self.places.run(SETTLED_FILE), &())?;
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
