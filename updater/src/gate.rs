//! `gate`: whether this version does its job, and what follows.
//!
//! At every start the checks are repeated until all pass or their time is up; a
//! trial ends before that when the control plane ends again and again. A version
//! on trial that passes is committed; one that does not is left: the reason and
//! the journal are kept, and the machine restarts into the other slot. A version
//! that has been good before stays up whatever the checks say, so that somebody
//! can look at it.

mod clock;
mod daemon;
mod network;

use std::time::{Duration, Instant};

use megh_model::update::machine::{self, GateFailure};
use megh_model::update::{GateCheck, LastTrial, TrialOutcome};

use crate::lock::Lock;
use crate::look::Found;
use crate::trial::{self, Pending};
use crate::volumes::{Access, Volumes};
use crate::{UpdateError, Updater, examine, journal, kept, loaders};

/// Where the checks lie while the gate is at work.
pub(crate) const CHECKS_FILE: &str = "checks.json";

/// How long the gate takes at most, and how often it looks.
#[derive(Debug, Clone, Copy)]
pub struct GateTiming {
    /// Time for all checks to pass.
    pub deadline: Duration,
    /// Pause between two looks.
    pub pause: Duration,
}

impl Default for GateTiming {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(300),
            pause: Duration::from_secs(2),
        }
    }
}

/// How the gate ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateOutcome {
    /// All checks passed, and this version is the good one.
    Passed {
        /// Whether it was on trial until now.
        committed: bool,
    },
    /// Somebody has ordered another version meanwhile; that order stands.
    Left,
    /// Some check did not pass.
    Failed {
        /// The first check that did not pass, and what was seen.
        reason: String,
        /// Whether the machine has to restart into the other slot.
        go_back: bool,
    },
}

impl Updater<'_> {
    /// Waits for the checks, and draws the consequences.
    pub fn gate(&self, timing: GateTiming) -> Result<GateOutcome, UpdateError> {
        let begun = Instant::now();
        let (released, on_trial) = self.at_the_beginning();
        let checks = loop {
            let mut checks = self.checks(timing, released);
            let given_up = on_trial && self.give_up(&mut checks);
            if let Err(error) = kept::show(&self.places.run(CHECKS_FILE), &checks) {
                tracing::warn!(%error, "the checks are not shown");
            }
            let passed = checks.iter().all(|check| check.passed);
            if passed || given_up || begun.elapsed() >= timing.deadline {
                break checks;
            }
            std::thread::sleep(timing.pause);
        };
        let _lock = Lock::within(&self.places, Duration::from_secs(60))?;
        if self.is_leaving() {
            return Ok(GateOutcome::Left);
        }
        let outcome = match checks.iter().find(|check| !check.passed) {
            None => self.pass(checks),
            Some(failed) => {
                let reason = format!("{}: {}", failed.name, failed.detail);
                self.fail(reason, checks)
            }
        };
        self.refresh();
        outcome
    }

    /// Commits the running version without asking the gate, because a person
    /// says that it does its job.
    pub fn commit(&self) -> Result<GateOutcome, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        self.stay()?;
        let outcome = self.pass(Vec::new());
        self.refresh();
        outcome
    }

    /// Whether the running version has not proved itself yet.
    pub fn on_trial(&self) -> bool {
        self.peek(|_| ()).0.facts.on_trial()
    }

    fn checks(&self, timing: GateTiming, released: u64) -> Vec<GateCheck> {
        let deadline = timing.deadline.as_secs();
        let mut checks = daemon::checks(&self.places.gate_socket());
        checks.push(network::check(self.machine, &self.places));
        checks.push(clock::check(self.now(), released));
        let check = |(name, outcome): (&'static str, Result<String, String>)| GateCheck {
            name: name.to_owned(),
            passed: outcome.is_ok(),
            detail: outcome.unwrap_or_else(|why| why),
            deadline,
        };
        checks.into_iter().map(check).collect()
    }

    /// When the running version was released, 0 when that is not known, and
    /// whether it is on trial.
    fn at_the_beginning(&self) -> (u64, bool) {
        let (found, ()) = self.peek(|_| ());
        let manifest = self.manifest_of(&found, self.disk.slot);
        let released = manifest.map_or(0, |manifest| manifest.released());
        (released, found.facts.on_trial())
    }

    /// Whether waiting for the control plane has no use; its check then says so.
    fn give_up(&self, checks: &mut [GateCheck]) -> bool {
        let silent = |check: &&mut GateCheck| check.name == daemon::NAME && !check.passed;
        let Some(check) = checks.iter_mut().find(silent) else {
            return false;
        };
        let why = daemon::hopeless(self.machine);
        let given_up = why.is_some();
        if let Some(why) = why {
            check.detail = why;
        }
        given_up
    }

    fn pass(&self, checks: Vec<GateCheck>) -> Result<GateOutcome, UpdateError> {
        let (before, was_on_trial) = self.change(|found| {
            let writes = machine::commit(&found.facts);
            let on_trial = found.facts.on_trial();
            Ok((writes, (found.clone(), on_trial)))
        })?;
        self.end_trial(&before, was_on_trial, checks)?;
        // What follows is good to have, and no reason to doubt this version.
        for outcome in [
            network::remember(self.machine, &self.places),
            self.raise_floor(&before),
            self.update_loaders(),
        ] {
            if let Err(error) = outcome {
                tracing::warn!(
                    error = crate::chain(&error),
                    "committed, but not all was done"
                );
            }
        }
        Ok(GateOutcome::Passed {
            committed: was_on_trial,
        })
    }

    fn end_trial(
        &self,
        before: &Found,
        was_on_trial: bool,
        checks: Vec<GateCheck>,
    ) -> Result<(), UpdateError> {
        let pending = Pending::load(self.machine, &self.places);
        let ended = |version, from_version, outcome, reason: &str| LastTrial {
            version,
            from_version,
            outcome,
            reason: reason.to_owned(),
            at: self.now(),
            checks: checks.clone(),
            journal: false,
            data: None,
        };
        let here = self.disk.version.clone();
        let trial = if let Some(lost) = machine::given_up(&before.facts) {
            let lost = before.version(lost).unwrap_or_default();
            let reason = "It was started five times and did not come up.";
            ended(lost, here, TrialOutcome::Failed, reason)
        } else if let Some(pending) = pending.filter(|p| was_on_trial || p.version == here) {
            let reason = "All checks of the health gate passed.";
            ended(here, pending.from_version, TrialOutcome::Committed, reason)
        } else if was_on_trial {
            let from = before.version(self.disk.slot.other()).unwrap_or_default();
            let reason = "All checks of the health gate passed.";
            ended(here, from, TrialOutcome::Committed, reason)
        } else {
            // A trial that was ordered and taken back never began.
            return Pending::forget(self.machine, &self.places);
        };
        trial::end(self.machine, &self.places, &trial)
    }

    /// A release below the floor of one that has proved itself is not installed
    /// any more.
    fn raise_floor(&self, found: &Found) -> Result<(), UpdateError> {
        let Some(manifest) = self.manifest_of(found, self.disk.slot) else {
            return Ok(());
        };
        let settings = self.settings();
        let examiner = self.examiner(&settings);
        let raised = examiner.trust().with_floor(manifest.floor());
        let kept = examiner.kept_trust();
        match kept.is_ok_and(|kept| kept.as_ref() == Some(&raised)) {
            true => Ok(()),
            false => examine::keep_trust(self.machine, &self.places, &raised),
        }
    }

    fn update_loaders(&self) -> Result<(), UpdateError> {
        let volumes = Volumes::open(self.machine, &self.places, &self.disk, Access::Write);
        for change in loaders::bring_up_to_date(self.machine, &self.disk, &volumes)? {
            tracing::info!(change, "loader");
        }
        volumes.release()
    }

    fn fail(&self, reason: String, checks: Vec<GateCheck>) -> Result<GateOutcome, UpdateError> {
        let (go_back, from) = self.change(|found| {
            let from = found.version(self.disk.slot.other()).unwrap_or_default();
            Ok(match machine::fail(&found.facts) {
                GateFailure::GoBack(writes) => (writes, (true, from)),
                GateFailure::Stay(writes) => (writes, (false, from)),
            })
        })?;
        if go_back {
            let boot = journal::boot_id(self.machine, &self.places);
            let ended = LastTrial {
                version: self.disk.version.clone(),
                from_version: from,
                outcome: TrialOutcome::Failed,
                reason: format!("The health gate failed. {reason}"),
                at: self.now(),
                checks,
                journal: journal::keep(self.machine, &self.places, &boot),
                data: None,
            };
            // The loader was told already: the machine must go back even when
            // nothing can be kept, and the other version's settling then tells.
            if let Err(error) = trial::end(self.machine, &self.places, &ended) {
                tracing::error!(error = crate::chain(&error), "the reason is not kept");
            }
        }
        Ok(GateOutcome::Failed { reason, go_back })
    }
}

#[cfg(test)]
mod tests;
