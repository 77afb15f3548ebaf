//! `status`: everything about the machine's two systems.

use std::time::Duration;

use megh_model::boot_env::StartReason;
use megh_model::slot::Slot;
use megh_model::update::{
    DATA_NOTE_FILE, DataNote, LastTrial, SlotState, SlotStatus, StatusReport, TrialState,
};

use crate::check::CHECK_FILE;
use crate::gate::CHECKS_FILE;
use crate::lock::Lock;
use crate::look::{Found, look};
use crate::report::PROGRESS_FILE;
use crate::volumes::{Access, Volumes};
use crate::{Updater, kept, loaders, stage, trial};

/// How long a look at the disk waits for who changes it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same when nobody has told yet, within the patience of who asks.
const FIRST_PATIENCE: Duration = Duration::from_secs(20);
/// What is told of a disk that could not be looked at.
const UNSEEN: &str = "The slots could not be looked at, because another command of the updater \
    is at work: what is told of them is not known to be so.";
/// What is told when the updater has lost its memory of documents.
const FORGOTTEN: &str = "The record of the release documents seen so far (trust.json) is damaged: \
    only the version floor of the installed releases still holds.";

impl Updater<'_> {
    /// The status. The disk is looked at only when nobody has told yet how it
    /// looks: whoever changes it tells.
    pub fn status(&self) -> StatusReport {
        let mut report = self
            .shown()
            .unwrap_or_else(|| self.told_first(FIRST_PATIENCE));
        self.add_what_changes(&mut report);
        report
    }

    /// The status as the disk tells it now. While somebody changes it, what was
    /// told last stands: the kernel does not let file systems that are written
    /// be mounted for reading only beside that, nor the other way round.
    pub fn status_anew(&self) -> StatusReport {
        match Lock::within(&self.places, PATIENCE) {
            Ok(_held) => self.refresh(),
            Err(error) => tracing::info!(%error, "the disk is not looked at"),
        }
        self.status()
    }

    fn shown(&self) -> Option<StatusReport> {
        let shown: Option<StatusReport> = kept::load(self.machine, &self.places.status());
        shown.filter(|shown| shown.version == self.disk.version)
    }

    /// Nobody has told yet. Who is at work meanwhile tells when it is done, and a
    /// staging before it begins: then this is waited for, and not longer.
    fn told_first(&self, patience: Duration) -> StatusReport {
        match Lock::within(&self.places, patience) {
            Ok(_held) => {
                self.refresh();
                self.shown().unwrap_or_else(|| self.look_anew())
            }
            Err(_) => self.shown().unwrap_or_else(|| self.unseen()),
        }
    }

    /// Before the lock is held for long: others could not look at the disk.
    pub(crate) fn tell_if_nobody_has(&self) {
        if self.shown().is_none() {
            self.refresh();
        }
    }

    /// What is told of a disk that cannot be looked at: only what runs.
    fn unseen(&self) -> StatusReport {
        let slot = |slot: Slot| {
            let running = slot == self.disk.slot;
            SlotStatus {
                slot,
                state: match running {
                    true => SlotState::Good,
                    // A staging is what takes long.
                    false => SlotState::Incomplete,
                },
                version: running.then(|| self.disk.version.clone()),
                running,
                next: running,
            }
        };
        StatusReport {
            version: self.disk.version.clone(),
            slots: Slot::ALL.map(slot).into(),
            staged: None,
            trial: None,
            last_trial: None,
            check: None,
            progress: None,
            settings: self.settings(),
            floor: None,
            problems: vec![UNSEEN.to_owned()],
        }
    }

    /// Looks at the disk and tells everybody. Never fails: who has changed
    /// something has done so.
    pub(crate) fn refresh(&self) {
        let mut report = self.look_anew();
        self.add_what_changes(&mut report);
        if let Err(error) = kept::show(&self.places.status(), &report) {
            tracing::warn!(%error, "the status is not shown to others");
        }
    }

    fn look_anew(&self) -> StatusReport {
        let (found, loaders) = self.peek(|volumes| loaders::differ(&self.disk, volumes));
        self.report(&found, loaders)
    }

    /// Looks at the disk without changing anything.
    pub(crate) fn peek<T>(&self, look_too: impl FnOnce(&Volumes<'_>) -> T) -> (Found, T) {
        let volumes = Volumes::open(self.machine, &self.places, &self.disk, Access::Read);
        let found = look(&volumes, &self.disk);
        let too = look_too(&volumes);
        if let Err(error) = volumes.release() {
            tracing::warn!(%error, "after a look at the disk");
        }
        (found, too)
    }

    fn report(&self, found: &Found, loaders: Vec<String>) -> StatusReport {
        let next = next_slot(found);
        let slot = |slot: Slot| {
            let state = found.facts.state(slot);
            SlotStatus {
                slot,
                state,
                version: match state {
                    SlotState::Empty => None,
                    _ => found.version(slot),
                },
                running: slot == self.disk.slot,
                next: slot == next,
            }
        };
        let other = self.disk.slot.other();
        let record = found.slot(other).record.as_ref();
        let ready = record.filter(|record| record.state == SlotState::Staged);
        let settings = self.settings();
        let examiner = self.examiner(&settings);
        let trust = examiner.trust();
        let forgotten = examiner.kept_trust().is_err().then(|| FORGOTTEN.to_owned());
        let on_trial = found.facts.on_trial();
        StatusReport {
            version: self.disk.version.clone(),
            slots: Slot::ALL.map(slot).into(),
            staged: ready.map(|record| stage::staged(other, record)),
            trial: on_trial.then(|| TrialState {
                version: self.disk.version.clone(),
                attempt: attempt(found),
                checks: Vec::new(),
            }),
            last_trial: None,
            check: None,
            progress: None,
            floor: trust.floor.map(|floor| floor.to_string()),
            problems: problems(found)
                .into_iter()
                .chain(loaders)
                .chain(forgotten)
                .collect(),
            settings,
        }
    }

    /// What lies in small files and may have changed since.
    fn add_what_changes(&self, report: &mut StatusReport) {
        report.settings = self.settings();
        report.progress = kept::load(self.machine, &self.places.run(PROGRESS_FILE));
        report.check = kept::load(self.machine, &self.places.kept(CHECK_FILE));
        report.last_trial = trial::last(self.machine, &self.places).map(|last| self.noted(last));
        if let Some(trial) = &mut report.trial {
            trial.checks =
                kept::load(self.machine, &self.places.run(CHECKS_FILE)).unwrap_or_default();
        }
    }

    /// With what the control plane has said of its data since.
    fn noted(&self, last: LastTrial) -> LastTrial {
        let note: Option<DataNote> = kept::load(self.machine, &self.places.kept(DATA_NOTE_FILE));
        let note = note.filter(|note| note.at.saturating_add(3600) >= last.at);
        LastTrial {
            data: last.data.clone().or(note.map(|note| note.text)),
            ..last
        }
    }
}

/// The slot that the loader starts next.
fn next_slot(found: &Found) -> Slot {
    match found.facts.env {
        Some(env) => env.choice().order.first(),
        None => found.facts.running,
    }
}

/// Starts of the trial that were begun, this one included.
fn attempt(found: &Found) -> u32 {
    let left = found.facts.marker.map_or(0, |marker| marker.left);
    u32::from(megh_model::boot_env::TRIES.saturating_sub(left)).max(1)
}

/// What is wrong and can be mended, as sentences.
fn problems(found: &Found) -> Vec<String> {
    let mut problems = Vec::new();
    let copies = found.copies.into_iter().zip(found.mounted);
    for ((there, mounted), name) in copies.zip(["esp", "esp-spare"]) {
        if !mounted {
            problems.push(format!("Partition {name} cannot be mounted."));
        } else if !there {
            problems.push(format!(
                "The copy of the boot environment on partition {name} is damaged."
            ));
        }
    }
    if found.copies == [true; 2] && !found.facts.in_step {
        problems.push("The two copies of the boot environment differ.".to_owned());
    }
    if found.facts.marker.is_none() && found.mounted[0] {
        problems.push("The loader's marker on partition esp is damaged.".to_owned());
    }
    let last = found.facts.last_start();
    if last.is_some_and(|last| last.why == StartReason::Vain) {
        problems.push("The last good version did not come up five times.".to_owned());
    }
    if found.slot(found.facts.running).record.is_none() {
        problems.push("The running slot's record is damaged.".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests;
