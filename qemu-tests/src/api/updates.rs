//! Updates of the appliance.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_api_types::{
    StageRequest, SystemUpdate, TrialJournal, UpdateSettings, UpdateTaskKind, UpdateTaskStatus,
};
use reqwest::Method;

use super::client::Api;
use super::error::ApiError;

/// From the request to a slot that is written and read back, in an emulated appliance.
const STAGED_WITHIN: Duration = Duration::from_secs(1200);
const CHECKED_WITHIN: Duration = Duration::from_secs(120);
/// The health gate takes its time under emulation.
const SETTLED_WITHIN: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(500);
/// The updater's code while another command of it is at work.
const BUSY: &str = "busy";

impl Api {
    /// The appliance's system and its updates.
    pub fn update(&self) -> Result<SystemUpdate, ApiError> {
        self.get("system/update")
    }

    /// Takes releases from this address from now on; nothing happens unasked.
    pub fn set_update_source(&self, url: &str) -> Result<UpdateSettings, ApiError> {
        let settings = UpdateSettings {
            source: Some(url.to_owned()),
            ..UpdateSettings::default()
        };
        self.send(Method::PUT, "system/update/settings", |request| {
            request.json(&settings)
        })
    }

    /// Looks for newer releases, and returns what is known then.
    pub fn check_update(&self) -> Result<SystemUpdate> {
        self.post::<SystemUpdate>("system/update/check", &())?;
        let told = |update: &SystemUpdate| {
            let found = update.check.as_ref();
            let begun = update.task.as_ref().map(|task| task.started_at / 1000);
            failed(update) || found.map(|check| check.at / 1000) >= begun
        };
        let kind = UpdateTaskKind::Check;
        succeeded(self.wait_update_end(kind, CHECKED_WITHIN, told)?)
    }

    /// Stages the newest release and waits until it lies ready.
    pub fn stage_update(&self) -> Result<SystemUpdate> {
        let update = succeeded(self.stage_whatever(&StageRequest::default())?)?;
        if update.staged.is_none() {
            bail!("nothing lies ready after the staging: {update:?}");
        }
        Ok(update)
    }

    /// Asks for a staging and returns what is known at its end, good or bad.
    /// After a start the updater is at work by itself for a while: what a
    /// person would do is to try again.
    pub fn stage_whatever(&self, request: &StageRequest) -> Result<SystemUpdate> {
        let deadline = Instant::now() + SETTLED_WITHIN;
        loop {
            self.post::<SystemUpdate>("system/update/stage", request)?;
            let told = |update: &SystemUpdate| failed(update) || update.staged.is_some();
            let update = self.wait_update_end(UpdateTaskKind::Stage, STAGED_WITHIN, told)?;
            let code = update.task.as_ref().and_then(|task| task.code.as_deref());
            if code != Some(BUSY) || Instant::now() >= deadline {
                return Ok(update);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Asks for the staging of the newest release.
    pub fn begin_staging(&self) -> Result<SystemUpdate, ApiError> {
        self.post("system/update/stage", &StageRequest::default())
    }

    /// Restarts the appliance into what lies ready.
    pub fn apply_update(&self) -> Result<SystemUpdate, ApiError> {
        self.post("system/update/apply", &())
    }

    /// Restarts the appliance into the version before.
    pub fn roll_back(&self) -> Result<SystemUpdate, ApiError> {
        self.post("system/update/rollback", &())
    }

    /// The journal of the start that failed.
    pub fn trial_journal(&self) -> Result<TrialJournal, ApiError> {
        self.get("system/update/journal")
    }

    /// Waits until a task of the updater has ended, well or not, and its result
    /// is told.
    fn wait_update_end(
        &self,
        kind: UpdateTaskKind,
        within: Duration,
        told: impl Fn(&SystemUpdate) -> bool,
    ) -> Result<SystemUpdate> {
        let is_over = |update: &SystemUpdate| {
            let ended = update
                .task
                .as_ref()
                .is_some_and(|task| task.kind == kind && task.status != UpdateTaskStatus::Running);
            ended && told(update)
        };
        self.wait_update(&format!("{kind:?} ends"), within, is_over)
    }

    /// Waits until no version is on trial any more.
    pub fn wait_trial_over(&self) -> Result<SystemUpdate> {
        self.wait_update("the trial ends", SETTLED_WITHIN, |update| {
            update.trial.is_none()
        })
    }

    /// Waits until the machine would start again what runs.
    pub fn wait_next_is_running(&self) -> Result<SystemUpdate> {
        self.wait_update("the running version stays", SETTLED_WITHIN, |update| {
            update.slots.iter().any(|slot| slot.running && slot.next)
        })
    }

    /// Looks until it satisfies; an answer that does not come counts as not yet.
    fn wait_update(
        &self,
        what: &str,
        within: Duration,
        satisfied: impl Fn(&SystemUpdate) -> bool,
    ) -> Result<SystemUpdate> {
        let deadline = Instant::now() + within;
        loop {
            let seen = self.update();
            match seen {
                Ok(update) if satisfied(&update) => return Ok(update),
                seen if Instant::now() >= deadline => {
                    bail!("{what}: not within {within:?}; seen last: {seen:?}")
                }
                _ => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// Whether the last task has failed.
fn failed(update: &SystemUpdate) -> bool {
    let task = update.task.as_ref();
    task.is_some_and(|task| task.status == UpdateTaskStatus::Failed)
}

/// What is known when a task has ended well.
fn succeeded(update: SystemUpdate) -> Result<SystemUpdate> {
    let task = update.task.as_ref().context("a task has just ended")?;
    if task.status == UpdateTaskStatus::Failed {
        bail!("{:?} failed: {task:?}", task.kind);
    }
    Ok(update)
}
