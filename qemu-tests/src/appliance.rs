//! An installed machine that is up.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::api::Api;
use crate::disk::Disk;
use crate::{Firmware, Lab, Machine, MachineSpec};

/// From power to the first console screen.
pub const UP_WITHIN: Duration = Duration::from_secs(420);
/// From the first console screen to an answering API.
const API_WITHIN: Duration = Duration::from_secs(120);
/// From the power button to power off.
const DOWN_WITHIN: Duration = Duration::from_secs(180);

/// A booted appliance, and what its first console screen says.
#[derive(Debug)]
pub struct Appliance {
    /// The machine.
    pub machine: Machine,
    /// The release's version.
    pub version: String,
    /// The address it names.
    pub url: String,
    /// The fingerprint of its certificate.
    pub fingerprint: String,
    /// The claim code; absent once it is claimed.
    pub claim_code: Option<String>,
}

/// Boots a machine with this disk alone and waits for its console.
pub fn boot(lab: &Lab, firmware: Firmware, disk: &Disk) -> Result<Appliance> {
    let machine = MachineSpec::new(&format!("appliance-{}", firmware.name()), firmware)
        .disk(disk)
        .start(lab)?;
    let appliance = await_console(machine)?;
    let seconds = appliance.machine.uptime().as_secs();
    lab.say(&format!(
        "console screen after {seconds} s: {}",
        appliance.url
    ));
    Ok(appliance)
}

/// Waits for the first console screen of a machine that is starting.
pub fn await_console(mut machine: Machine) -> Result<Appliance> {
    let version = machine
        .serial
        .expect(r"(?m)^MeghOS (\d+\.\d+\.\d+)\s*$", UP_WITHIN)
        .context("awaiting the console screen")?
        .remove(1);
    read_console(machine, version)
}

/// Waits for the first console screen of one version, however often the
/// machine dies before, and whatever other versions show.
pub fn await_console_of(
    mut machine: Machine,
    version: &str,
    within: Duration,
) -> Result<Appliance> {
    let pattern = format!(r"(?m)^MeghOS {}\s*$", regex::escape(version));
    machine
        .serial
        .expect_through_deaths(&pattern, within)
        .with_context(|| format!("awaiting the console screen of {version}"))?;
    read_console(machine, version.to_owned())
}

/// Reads what follows the version on the console.
fn read_console(mut machine: Machine, version: String) -> Result<Appliance> {
    let soon = Duration::from_secs(30);
    let url = machine
        .serial
        .expect(r"(?m)^URL: (https://\S+)", soon)?
        .remove(1);
    let fingerprint = machine
        .serial
        .expect(r"(?mi)^Fingerprint: ([0-9a-f:]{95})", soon)?
        .remove(1);
    // A claimed machine shows no code; the slot ends the block in any case.
    let code = machine
        .serial
        .expect(
            r"(?m)^(?:Claim code: ([A-Z0-9]{5}-[A-Z0-9]{5})|Slot: )",
            soon,
        )?
        .remove(1);
    let claim_code = Some(code).filter(|code| !code.is_empty());
    Ok(Appliance {
        machine,
        version,
        url,
        fingerprint,
        claim_code,
    })
}

impl Appliance {
    /// A client of its API, once that answers.
    pub fn api(&self) -> Result<Api> {
        let api = Api::new(self.machine.https_port(), &self.fingerprint)?;
        api.wait_ready(API_WITHIN)?;
        Ok(api)
    }

    /// Claims it with the code of its console.
    pub fn claim(&self) -> Result<Api> {
        let api = self.api()?;
        api.claim(
            self.claim_code
                .as_deref()
                .context("the console shows no claim code")?,
        )?;
        Ok(api)
    }

    /// Resets the machine in the middle of what it does, and logs in when it
    /// is up again.
    pub fn cut_power(self) -> Result<(Self, Api)> {
        let mut machine = self.machine;
        machine.reset()?;
        let appliance = await_console(machine)?;
        let api = appliance.api()?;
        api.log_in()?;
        Ok((appliance, api))
    }

    /// Switches it off in good order.
    pub fn power_off(mut self) -> Result<()> {
        self.machine.press_power_button(DOWN_WITHIN)
    }
}
