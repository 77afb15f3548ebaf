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

use crate::disk::Disk;
use crate::{Firmware, Lab, MachineSpec, appliance};

/// Starts a machine with the disk as the cut left it; it must serve again with
/// all that it had.
pub fn serves_after(lab: &Lab, firmware: Firmware, recording: &Recording, cut: Cut) -> Result<()> {
    lab.say(&format!("{cut}"));
    let path = lab.path("cut.raw");
    recording.write_disk(cut, &path)?;
    let outcome = serves(lab, firmware, &path);
    std::fs::remove_file(&path).context("removing the disk of a passed cut")?;
    outcome.with_context(|| format!("{cut}"))
}

fn serves(lab: &Lab, firmware: Firmware, path: &Path) -> Result<()> {
    let machine = MachineSpec::new("after-cut", firmware)
        .disk(&Disk::raw(path, crate::installation::DISK_SERIAL))
        .start(lab)?;
    let appliance = appliance::await_console(machine)?;
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
    lab.say(&format!(
        "{} serves after {:.0} s",
        update.version,
        appliance.machine.uptime().as_secs_f64()
    ));
    appliance.machine.pull_plug();
    Ok(())
}
