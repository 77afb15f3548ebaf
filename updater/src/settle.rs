//! `settle`: early at every start, what the last one has left behind.

use std::time::Duration;

use megh_model::boot_env::StartReason;
use megh_model::update::machine;
use megh_model::update::{LastTrial, SlotState, TrialOutcome, TrialStart};

use crate::lock::Lock;
use crate::look::Found;
use crate::trial::Pending;
use crate::{UpdateError, Updater, engines, journal, kept, trial};

/// Made when this start was settled, or another version was ordered since: a
/// later call must not take a trial that was just ordered for one that has ended.
pub(crate) const SETTLED_FILE: &str = "settled";

impl Updater<'_> {
    /// Ends a trial that did not bring the machine to its new version, and
    /// mends the boot environment. Does nothing the second time. What cannot be
    /// written on the state partition is no reason to leave the rest undone.
    pub fn settle(&self) -> Result<(), UpdateError> {
        let _lock = Lock::within(&self.places, Duration::from_secs(30))?;
        let done = self.places.run(SETTLED_FILE);
        if done.exists() {
            return Ok(());
        }
        let found = self.change(|found| {
            // First, because the writes are the end of what it is told from.
            self.end_of_order(found);
            Ok((machine::settle(&found.facts), found.clone()))
        })?;
        kept::show(&done, &())?;
        let changed = engines::change_over(self.machine, &self.places, &self.disk, &found);
        if let Err(error) = changed {
            // The gate will tell whether the engines do without.
            tracing::error!(error = crate::chain(&error), "databases of the engines");
        }
        self.refresh();
        Ok(())
    }

    /// Tells what became of a trial of the other slot.
    fn end_of_order(&self, found: &Found) {
        if found.facts.on_trial() {
            return;
        }
        let noted = Pending::load(self.machine, &self.places);
        let outcome = match noted.or_else(|| self.order_on_disk(found)) {
            Some(pending) if pending.slot != self.disk.slot => self.ended(&pending, found),
            Some(_) | None => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::error!(
                error = crate::chain(&error),
                "how the trial ended is not kept"
            );
        }
    }

    /// The order as the boot environment has it, for when its note is missing.
    fn order_on_disk(&self, found: &Found) -> Option<Pending> {
        let slot = found.facts.env?.choice().on_trial()?;
        Some(Pending {
            version: found.version(slot).unwrap_or_default(),
            from_version: self.disk.version.clone(),
            slot,
            at: found.slot(slot).record.as_ref().map_or(0, |it| it.at),
            boot_id: String::new(),
        })
    }

    /// An order that did not bring the machine to its new version. When the gate
    /// has failed it has told so itself; otherwise this is all that is known.
    fn ended(&self, pending: &Pending, found: &Found) -> Result<(), UpdateError> {
        let why = found.facts.last_start().map(|last| last.why);
        let by_hand = why == Some(StartReason::Hand) && found.facts.trial_is_ordered();
        let told = trial::last(self.machine, &self.places);
        if told.is_some_and(|told| told.at >= pending.at && told.version == pending.version) {
            return Pending::forget(self.machine, &self.places);
        }
        let start = found.facts.trial_start(pending.slot);
        let boot = match start {
            TrialStart::NotBegun => None,
            _ => journal::boot_of(self.machine, &self.places, pending),
        };
        if start != TrialStart::Begun && boot.is_none() && !by_hand {
            let version = &pending.version;
            tracing::warn!("the order to try {version} came to nothing: it was never started");
            return Pending::forget(self.machine, &self.places);
        }
        let journal = boot.is_some_and(|boot| journal::keep(self.machine, &self.places, &boot));
        let state = found.facts.state(pending.slot);
        let (outcome, reason) = match by_hand {
            true => (
                TrialOutcome::RolledBack,
                "Somebody chose the version before in the boot menu.".to_owned(),
            ),
            false => (
                TrialOutcome::Failed,
                how_far(&pending.version, state, journal),
            ),
        };
        let ended = LastTrial {
            version: pending.version.clone(),
            from_version: pending.from_version.clone(),
            outcome,
            reason,
            at: self.now(),
            checks: Vec::new(),
            journal,
            data: None,
        };
        trial::end(self.machine, &self.places, &ended)
    }
}

/// How far a version came whose own gate has told nothing.
fn how_far(version: &str, state: SlotState, journal: bool) -> String {
    let kept = if journal {
        "; its journal was kept"
    } else {
        ""
    };
    match state {
        SlotState::Failed => {
            format!("Version {version} did not pass its health gate, and why was not kept{kept}.")
        }
        _ if journal || state == SlotState::OnTrial => {
            format!("Version {version} started and never passed its health gate{kept}.")
        }
        _ => format!(
            "Version {version} did not come far enough to keep a journal: its loader, kernel or \
             initrd failed."
        ),
    }
}
