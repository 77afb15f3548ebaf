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

use megh_model::slot::BootChoice;
use megh_model::update::machine::{self, GateFailure};
use megh_model::update::{GateCheck, LastTrial, StatusReport, TrialOutcome};

use crate::lock::Lock;
use crate::look::Found;
use crate::trial::{self, Pending};
use crate::volumes::{Access, Volumes};
use crate::{UpdateError, Updater, journal, kept, loaders};

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

/// How long the gate waits for its turn at the disk: at its end, and before it
/// has judged anything.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_PATIENCE: Duration = Duration::from_secs(20);
const PASSED: &str = "All checks of the health gate passed.";

/// What the gate has to know of the version that it judges.
struct Judged {
    /// When it was released, seconds since 1970; 0 when that is not known.
    released: u64,
    on_trial: bool,
    /// Whether it is the one that is started from now on.
    good: bool,
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
    /// Waits for the checks, and draws the consequences. A version on trial that
    /// cannot be judged or kept is left: that ends in an error for others alone.
    pub fn gate(&self, timing: GateTiming) -> Result<GateOutcome, UpdateError> {
        let (checks, on_trial) = self.wait(timing);
        match self.conclude(checks) {
            Err(error) if on_trial && !self.is_good() => Ok(GateOutcome::Failed {
                reason: format!(
                    "The health gate could not do its work: {}",
                    crate::chain(&error)
                ),
                go_back: true,
            }),
            outcome => outcome,
        }
    }

    /// Repeats the checks until there is no use in it; also tells whether this
    /// version is on trial.
    fn wait(&self, timing: GateTiming) -> (Vec<GateCheck>, bool) {
        let begun = Instant::now();
        let mut judged = self.judged(LOOK_PATIENCE).ok();
        loop {
            // Somebody who is at work now may be done later.
            judged = judged.or_else(|| self.judged(Duration::ZERO).ok());
            let (released, on_trial) = match &judged {
                Some(judged) => (judged.released, judged.on_trial),
                None => (0, self.shown_on_trial()),
            };
            let mut checks = self.checks(timing, released);
            let given_up = on_trial && self.give_up(&mut checks);
            if let Err(error) = kept::show(&self.places.run(CHECKS_FILE), &checks) {
                tracing::warn!(%error, "the checks are not shown");
            }
            let passed = checks.iter().all(|check| check.passed);
            if passed || given_up || begun.elapsed() >= timing.deadline {
                return (checks, on_trial);
            }
            std::thread::sleep(timing.pause);
        }
    }

    fn conclude(&self, checks: Vec<GateCheck>) -> Result<GateOutcome, UpdateError> {
        let _lock = Lock::within(&self.places, PATIENCE)?;
        if self.is_leaving() {
            return Ok(GateOutcome::Left);
        }
        let outcome = match checks.iter().find(|check| !check.passed) {
            None => self.pass(checks, PASSED),
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
        let outcome = self.pass(Vec::new(), "A person said that it does its job.");
        self.refresh();
        outcome
    }

    /// What was told last, for when the disk cannot be looked at.
    fn shown_on_trial(&self) -> bool {
        let shown: Option<StatusReport> = kept::load(self.machine, &self.places.status());
        shown.is_some_and(|shown| shown.trial.is_some())
    }

    /// Whether the running version is the one that the loader starts from now on.
    fn is_good(&self) -> bool {
        self.judged(PATIENCE).is_ok_and(|judged| judged.good)
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

    /// Looks at what is judged, while nobody else is at work on the disk: beside
    /// a writer it could not be mounted, and would seem to hold nothing.
    fn judged(&self, patience: Duration) -> Result<Judged, UpdateError> {
        let _lock = Lock::within(&self.places, patience)?;
        let (found, ()) = self.peek(|_| ());
        let manifest = self.manifest_of(&found, self.disk.slot);
        let settled = BootChoice::settled(self.disk.slot);
        Ok(Judged {
            good: found.facts.env.is_some_and(|env| env.choice() == settled),
            released: manifest.map_or(0, |manifest| manifest.released()),
            on_trial: found.facts.on_trial(),
        })
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

    fn pass(&self, checks: Vec<GateCheck>, why: &str) -> Result<GateOutcome, UpdateError> {
        let before = self.change(|found| Ok((machine::commit(&found.facts), found.clone())))?;
        // What follows is good to have, and no reason to doubt this version.
        for outcome in [
            self.end_trial(&before, checks, why),
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
            committed: is_new(&before),
        })
    }

    fn end_trial(
        &self,
        before: &Found,
        checks: Vec<GateCheck>,
        why: &str,
    ) -> Result<(), UpdateError> {
        let was_on_trial = before.facts.on_trial();
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
            ended(here, pending.from_version, TrialOutcome::Committed, why)
        } else if was_on_trial || (is_new(before) && self.is_last_told_of(&here)) {
            // Also one that was told as failed, and is good after all.
            let from = before.version(self.disk.slot.other()).unwrap_or_default();
            ended(here, from, TrialOutcome::Committed, why)
        } else {
            // A trial that was ordered and taken back never began.
            return Pending::forget(self.machine, &self.places);
        };
        trial::end(self.machine, &self.places, &trial)
    }

    fn is_last_told_of(&self, version: &str) -> bool {
        trial::last(self.machine, &self.places).is_some_and(|last| last.version == version)
    }

    /// A release below the floor of one that has proved itself is not installed
    /// any more.
    fn raise_floor(&self, found: &Found) -> Result<(), UpdateError> {
        let Some(manifest) = self.manifest_of(found, self.disk.slot) else {
            return Ok(());
        };
        let settings = self.settings();
        let examiner = self.examiner(&settings);
        examiner.keep_trust(&examiner.trust().with_floor(manifest.floor()))
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

/// Whether another version was the good one until this one passed.
fn is_new(before: &Found) -> bool {
    let env = before.facts.env;
    env.is_some_and(|env| env.choice().good != before.facts.running)
}

#[cfg(test)]
mod tests;
