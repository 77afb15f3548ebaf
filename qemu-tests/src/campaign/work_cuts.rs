//! The power goes while instances are made and removed, at drawn moments.

use std::time::Duration;

use anyhow::{Result, ensure};
use megh_api_types::InstanceStatus;

use super::Draws;
use crate::guest::boot_sector_disk;
use crate::{Firmware, Lab, appliance, installation};

const INSTANCES: usize = 4;
/// The whole of what is asked for takes about as long.
const LATEST_CUT_MS: u64 = 4_000;

/// One appliance, two cuts: one while instances are made, one while they are
/// removed. Afterwards what was promised holds.
pub(super) fn trial(lab: &Lab, draws: &mut Draws, _number: u64) -> Result<()> {
    let disk = installation::installed_disk(lab, Firmware::Uefi)?;
    let appliance = appliance::boot(lab, Firmware::Uefi, &disk)?;
    let api = appliance.claim()?;
    api.upload_image("hello", &boot_sector_disk(lab.dir())?)?;
    let names: Vec<String> = (0..INSTANCES).map(|n| format!("cut{n}")).collect();

    for name in &names {
        api.create_instance(name, "hello", false)?;
    }
    pause(lab, draws, "making");
    let (appliance, api) = appliance.cut_power()?;
    api.wait_idle()?;
    for name in &names {
        let status = api.instance(name)?.status;
        ensure!(status == InstanceStatus::Stopped, "{name} is {status:?}");
    }

    for name in &names {
        api.delete_instance(name)?;
    }
    pause(lab, draws, "removing");
    let (appliance, api) = appliance.cut_power()?;
    api.wait_idle()?;
    let left = api.instances()?;
    ensure!(left.is_empty(), "removed instances are back: {left:?}");

    let created = api.create_instance("after", "hello", true)?;
    api.wait_operation(created.operation.id)?;
    api.wait_instance("after", InstanceStatus::Running)?;
    appliance.power_off()
}

fn pause(lab: &Lab, draws: &mut Draws, what: &str) {
    let pause = draws.u64(0..LATEST_CUT_MS);
    lab.say(&format!("the power goes {pause} ms into {what}"));
    std::thread::sleep(Duration::from_millis(pause));
}
