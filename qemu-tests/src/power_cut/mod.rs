//! The power goes during an update: at every moment, on this host; and at a
//! sample of moments, in machines that must serve again.

mod examine;
mod recording;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use megh_api_types::InstanceStatus;

pub use examine::{Amount, Cut, Examination, examine, first_violation_without_flushes};
pub use recording::Recording;

use crate::appliance::{self, Appliance};
use crate::disk::Disk;
use crate::{Firmware, Lab, MachineSpec};

/// Starts a machine with the disk as the cut left it; it must serve again with
/// all that it had. The disk of one that does not is kept, with its journal.
pub fn serves_after(lab: &Lab, firmware: Firmware, recording: &Recording, cut: Cut) -> Result<()> {
    lab.say(&format!("{cut}"));
    let path = lab.path("cut.raw");
    recording.write_disk(cut, &path)?;
    serves(lab, firmware, &path).with_context(|| format!("{cut}"))?;
    std::fs::remove_file(&path).context("removing the disk of a passed cut")
}

fn serves(lab: &Lab, firmware: Firmware, path: &Path) -> Result<()> {
    let machine = MachineSpec::new("after-cut", firmware)
        .disk(&Disk::raw(path, crate::installation::DISK_SERIAL))
        .start(lab)?;
    let appliance = appliance::await_console(machine)?;
    let outcome = has_everything(&appliance);
    match outcome {
        Ok(()) => {
            lab.say(&format!(
                "{} serves after {:.0} s",
                appliance.version,
                appliance.machine.uptime().as_secs_f64()
            ));
            appliance.machine.pull_plug();
        }
        // What it has to say is on the disk then.
        Err(_) => {
            if let Err(error) = appliance.power_off() {
                lab.say(&format!("it could not be switched off: {error:#}"));
            }
        }
    }
    outcome
}

fn has_everything(appliance: &Appliance) -> Result<()> {
    let api = appliance.api()?;
    api.log_in().context("what was claimed is lost")?;
    let update = api.update()?;
    ensure!(
        update.version == appliance.version,
        "the console shows {}, the API {}",
        appliance.version,
        update.version
    );
    api.wait_instance(crate::updating::SURVIVOR, InstanceStatus::Running)?;
    Ok(())
}
