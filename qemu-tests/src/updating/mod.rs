//! Stories about updates: a machine with something on it, a site with a
//! release, and what becomes of both.

mod by_hand;
mod journeys;
mod sites;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_api_types::{InstanceStatus, SystemUpdate, TrialOutcome};

pub use by_hand::Way;
pub use journeys::{Moment, first_update, there_and_back};
pub(crate) use sites::site_issued;
pub use sites::{site, site_folder, site_version};

use crate::api::Api;
use crate::appliance::{self, Appliance};
use crate::disk::Disk;
use crate::guest::boot_sector_disk;
use crate::site::Site;
use crate::{Firmware, Lab, MachineSpec, faults};

/// The instance that must run again after whatever happens.
pub(crate) const SURVIVOR: &str = "survivor";
/// The loader's first words.
const GREETING: &str = "MeghOS. Press Esc";
/// From the request to the machine's reset.
const RESTARTS_WITHIN: Duration = Duration::from_secs(180);
/// From the first reset of a failed trial to the old version's console: three
/// starts, a watchdog, a gate with all its deadlines.
const BACK_WITHIN: Duration = Duration::from_secs(2400);

/// A claimed appliance with an instance that should run.
#[derive(Debug)]
pub struct Story<'l> {
    lab: &'l Lab,
    /// The appliance.
    pub appliance: Appliance,
    /// A client with a session.
    pub api: Api,
    /// How often the loader had greeted when the version that runs came up.
    starts: usize,
}

impl<'l> Story<'l> {
    /// Boots an installed disk, claims it, and makes the instance.
    pub fn begin(lab: &'l Lab, firmware: Firmware, disk: &Disk) -> Result<Self> {
        Self::begin_on(lab, appliance::boot(lab, firmware, disk)?)
    }

    /// Claims an appliance that was never claimed, and makes the instance.
    pub fn begin_on(lab: &'l Lab, appliance: Appliance) -> Result<Self> {
        let api = appliance.claim()?;
        api.upload_image("hello", &boot_sector_disk(lab.dir())?)?;
        let created = api.create_instance(SURVIVOR, "hello", true)?;
        api.wait_operation(created.operation.id)?;
        api.wait_instance(SURVIVOR, InstanceStatus::Running)?;
        lab.say("claimed, and an instance runs");
        Ok(Self::of(lab, appliance, api))
    }

    /// Stages the newest release of a site; returns the bytes it served.
    pub fn stage(&self, site: &Site, version: &str) -> Result<u64> {
        self.api.set_update_source(&site.url())?;
        let before = site.bytes();
        let offers = self.api.check_update()?.check;
        ensure!(
            offers
                .iter()
                .flat_map(|check| &check.offers)
                .any(|offer| offer.version == version),
            "{version} is not offered: {offers:?}"
        );
        let update = self.api.stage_update()?;
        let staged = update.staged.as_ref().map(|staged| &*staged.version);
        ensure!(staged == Some(version), "staged is {staged:?}");
        let fetched = site.bytes() - before;
        self.lab.say(&format!(
            "{version} lies ready; {fetched} bytes were served"
        ));
        Ok(fetched)
    }

    /// Restarts into what is staged; one restart later it is there to stay.
    pub fn apply(self, version: &str) -> Result<Self> {
        self.api.apply_update()?;
        let story = self.restarted()?;
        story.lab.say(&format!("{version} is up"));
        let update = story.committed(version, TrialOutcome::Committed)?;
        ensure!(
            update.last_trial.as_ref().map(|trial| &*trial.version) == Some(version),
            "the last trial: {:?}",
            update.last_trial
        );
        Ok(story)
    }

    /// Lets a staged release fail: nobody does anything, and the version that
    /// ran before runs again, with a word on why.
    pub fn apply_in_vain(self, bad: &str) -> Result<Self> {
        let good = self.appliance.version.clone();
        self.api.apply_update()?;
        self.comes_back(&good, bad)
    }

    /// The same with a release that is sound, and whose root spoils on the
    /// disk before it is started.
    pub fn apply_with_spoiled_root(
        mut self,
        bad: &str,
        firmware: Firmware,
        disk: &Disk,
        base: &Path,
    ) -> Result<Self> {
        let good = self.appliance.version.clone();
        self.api.apply_update()?;
        self.appliance.machine.wait_reset(RESTARTS_WITHIN)?;
        self.appliance.machine.pull_plug();
        // The superblock of the file system is the one block every start reads.
        faults::spoil_partition(disk, base, "root-b", 0)?;
        let machine = MachineSpec::new("spoiled-root", firmware)
            .disk(disk)
            .start(self.lab)?;
        let appliance = appliance::await_console_of(machine, &good, BACK_WITHIN)?;
        Self::came_back(self.lab, appliance, &good, bad)
    }

    /// Waits through the starts of a bad release.
    fn comes_back(mut self, good: &str, bad: &str) -> Result<Self> {
        self.appliance.machine.wait_reset(RESTARTS_WITHIN)?;
        let mut machine = self.appliance.machine;
        machine.serial.forget();
        let appliance = appliance::await_console_of(machine, good, BACK_WITHIN)?;
        Self::came_back(self.lab, appliance, good, bad)
    }

    /// The good version serves, and tells what became of the bad one.
    fn came_back(lab: &'l Lab, appliance: Appliance, good: &str, bad: &str) -> Result<Self> {
        let api = appliance.api()?;
        api.log_in()?;
        let story = Self::of(lab, appliance, api);
        let update = story.committed(good, TrialOutcome::Failed)?;
        let trial = update.last_trial.as_ref();
        let told = trial.is_some_and(|trial| trial.version == bad && !trial.reason.is_empty());
        ensure!(told, "the failed trial is not told: {trial:?}");
        let reason = trial.map(|trial| trial.reason.as_str()).unwrap_or_default();
        story
            .lab
            .say(&format!("{good} serves again; {bad}: {reason}"));
        Ok(story)
    }

    /// The machine restarts once and comes up.
    fn restarted(self) -> Result<Self> {
        let mut machine = self.appliance.machine;
        // The loader's word, not a reset: SeaBIOS adds one of its own to every restart,
        // which would be taken for the next.
        machine
            .serial
            .expect(&regex::escape(GREETING), RESTARTS_WITHIN)
            .context("awaiting the restart")?;
        let appliance = appliance::await_console(machine)?;
        let api = appliance.api()?;
        api.log_in()?;
        let story = Self::of(self.lab, appliance, api);
        ensure!(
            story.starts == self.starts + 1,
            "it took {} starts",
            story.starts - self.starts
        );
        Ok(story)
    }

    /// `version` runs to stay, without another restart, and so does the instance.
    fn committed(&self, version: &str, outcome: TrialOutcome) -> Result<SystemUpdate> {
        let update = self.api.wait_trial_over()?;
        ensure!(
            self.appliance.version == version && update.version == version,
            "the console shows {}, the API {}",
            self.appliance.version,
            update.version
        );
        let seen = update.last_trial.as_ref().map(|trial| trial.outcome);
        ensure!(
            seen == Some(outcome),
            "the last trial: {:?}",
            update.last_trial
        );
        let running = update.slots.iter().find(|slot| slot.running);
        ensure!(
            running.is_some_and(|slot| slot.next),
            "the machine would start something else next: {:?}",
            update.slots
        );
        self.api.wait_instance(SURVIVOR, InstanceStatus::Running)?;
        Ok(update)
    }

    /// That the machine has not restarted since it last came up. Resets are no
    /// measure: SeaBIOS adds one of its own to every restart.
    pub fn has_stayed_up(&self) -> Result<()> {
        let starts = greetings(&self.appliance);
        ensure!(starts == self.starts, "the machine restarted again");
        Ok(())
    }

    fn of(lab: &'l Lab, appliance: Appliance, api: Api) -> Self {
        Self {
            starts: greetings(&appliance),
            lab,
            appliance,
            api,
        }
    }
}

/// How often the loader has greeted since the machine was switched on.
fn greetings(appliance: &Appliance) -> usize {
    let text = appliance.machine.serial.log().text();
    text.matches(GREETING).count()
}
