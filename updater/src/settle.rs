//! `settle`: early at every start, what the last one has left behind.

use std::time::Duration;

use megh_model::boot_env::StartReason;
use megh_model::update::machine;
use megh_model::update::{LastTrial, TrialOutcome};

use crate::lock::Lock;
use crate::trial::Pending;
use crate::{UpdateError, Updater, engines, journal, trial};

/// Made when this start was settled: a later call must not take a trial that
/// was just ordered for one that has ended.
const SETTLED_FILE: &str = "settled";

impl Updater<'_> {
    /// Ends a trial that did not bring the machine to its new version, and
    /// mends the boot environment. Does nothing the second time.
    pub fn settle(&self) -> Result<(), UpdateError> {
        let _lock = Lock::within(&self.places, Duration::from_secs(30))?;
        let done = self.places.run(SETTLED_FILE);
        if done.exists() {
            return Ok(());
        }
        let found = self.change(|found| Ok((machine::settle(&found.facts), found.clone())))?;
        let why = found.facts.last_start().map(|last| last.why);
        let on_trial = found.facts.on_trial();
        let changed = engines::change_over(self.machine, &self.places, &self.disk, &found);
        if let Err(error) = changed {
            // The gate will tell whether the engines do without.
            tracing::error!(error = crate::chain(&error), "databases of the engines");
        }
        let pending = Pending::load(self.machine, &self.places);
        match pending.filter(|_| !on_trial) {
            Some(pending) if pending.slot != self.disk.slot => self.failed(&pending, why)?,
            Some(_) | None => {}
        }
        crate::kept::show(&done, &())?;
        self.refresh();
        Ok(())
    }

    /// A trial that came to nothing. When the gate has failed it has told so
    /// itself; otherwise this is all that is known.
    fn failed(&self, pending: &Pending, why: Option<StartReason>) -> Result<(), UpdateError> {
        let told = trial::last(self.machine, &self.places);
        if told.is_some_and(|told| told.at >= pending.at && told.version == pending.version) {
            return Pending::forget(self.machine, &self.places);
        }
        let boot = journal::boot_of(self.machine, &self.places, pending);
        let journal = boot.is_some_and(|boot| journal::keep(self.machine, &self.places, &boot));
        let reason = match (why, journal) {
            (Some(StartReason::Hand), _) => {
                "Somebody chose the version before in the boot menu.".to_owned()
            }
            (_, true) => format!(
                "Version {} started and never came to its health gate; its journal was kept.",
                pending.version
            ),
            (_, false) => format!(
                "Version {} did not come far enough to keep a journal: its loader, kernel or \
                 initrd failed.",
                pending.version
            ),
        };
        let by_hand = why == Some(StartReason::Hand);
        let ended = LastTrial {
            version: pending.version.clone(),
            from_version: pending.from_version.clone(),
            outcome: match by_hand {
                true => TrialOutcome::RolledBack,
                false => TrialOutcome::Failed,
            },
            reason,
            at: self.now(),
            checks: Vec::new(),
            journal,
            data: None,
        };
        trial::end(self.machine, &self.places, &ended)
    }
}
