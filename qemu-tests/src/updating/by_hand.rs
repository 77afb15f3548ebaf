//! What a person does at the machine itself: a stick, the console, the boot menu.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use megh_api_types::{InstanceStatus, StageRequest, TrialOutcome};

use super::{GREETING, SURVIVOR, Story};
use crate::appliance;
use crate::serial::key;

/// From a reset to the loader, and from a key to what it shows.
const MENU_WITHIN: Duration = Duration::from_secs(120);
const NEXT_ENTRY_WITHIN: Duration = Duration::from_secs(10);
/// Entries of the loader's menu.
const MENU_ENTRIES: usize = 5;

/// How a person goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Through the API.
    Api,
    /// At the console.
    Console,
}

impl Story<'_> {
    /// Stages what a check finds on something that is plugged in.
    pub fn stage_from_stick(&self, version: &str) -> Result<()> {
        let offers = self.api.check_update()?.check;
        let offer = offers
            .iter()
            .flat_map(|check| &check.offers)
            .find(|offer| offer.version == version && offer.source.starts_with("/dev/"))
            .with_context(|| format!("{version} is not offered from a stick: {offers:?}"))?;
        ensure!(offer.refused.is_none(), "the stick is refused: {offer:?}");
        self.lab
            .say(&format!("{version} is offered from {}", offer.source));
        let update = self.api.stage_whatever(&StageRequest {
            version: Some(offer.version.clone()),
            source: Some(offer.source.clone()),
            allow_expired: false,
        })?;
        let staged = update.staged.as_ref().map(|staged| &*staged.version);
        ensure!(staged == Some(version), "staged is {staged:?}: {update:?}");
        self.lab.say(&format!("{version} lies ready"));
        Ok(())
    }

    /// Goes back by hand; one restart later `version` runs.
    pub fn roll_back(mut self, version: &str, way: Way) -> Result<Self> {
        match way {
            Way::Api => drop(self.api.roll_back()?),
            Way::Console => self.type_roll_back(version)?,
        }
        let story = self.restarted()?;
        story.committed(version, TrialOutcome::RolledBack)?;
        story.lab.say(&format!("back to {version}"));
        Ok(story)
    }

    /// What a person at the console types.
    fn type_roll_back(&mut self, version: &str) -> Result<()> {
        let serial = &mut self.appliance.machine.serial;
        serial.expect_screen("R go back", MENU_WITHIN)?;
        serial.send("r")?;
        let question = format!(r"Go back to {}\?", regex::escape(version));
        serial.expect_screen(&question, MENU_WITHIN)?;
        serial.send("roll back")?;
        serial.expect_screen("Enter: roll back_", MENU_WITHIN)?;
        serial.send(key::ENTER)
    }

    /// Restarts the machine and chooses a slot in the loader's menu; its version
    /// runs, says so, and stays.
    pub fn choose_in_menu(mut self, slot: char, version: &str) -> Result<Self> {
        let serial = {
            self.appliance.machine.reset()?;
            &mut self.appliance.machine.serial
        };
        serial.expect(GREETING, MENU_WITHIN)?;
        serial.send(key::ESCAPE)?;
        let entry = format!(
            "Slot {}: {}",
            slot.to_ascii_uppercase(),
            regex::escape(version)
        );
        serial
            .expect(&entry, MENU_WITHIN)
            .context("awaiting the boot menu")?;
        let chosen = format!(r"\*{entry}");
        for _ in 0..MENU_ENTRIES {
            // GRUB's own key for the next entry; terminals differ in their arrows.
            serial.send("v")?;
            if serial.expect(&chosen, NEXT_ENTRY_WITHIN).is_ok() {
                break;
            }
        }
        serial.send(key::ENTER)?;
        let appliance = appliance::await_console(self.appliance.machine)?;
        let api = appliance.api()?;
        api.log_in()?;
        let story = Self::of(self.lab, appliance, api);
        story.stays(version)?;
        story
            .lab
            .say(&format!("{version} was chosen in the boot menu, and stays"));
        Ok(story)
    }

    /// `version` runs, starts next time too, and so does the instance.
    fn stays(&self, version: &str) -> Result<()> {
        let update = self.api.wait_next_is_running()?;
        ensure!(
            self.appliance.version == version && update.version == version,
            "the console shows {}, the API {}",
            self.appliance.version,
            update.version
        );
        self.api.wait_instance(SURVIVOR, InstanceStatus::Running)?;
        Ok(())
    }
}
