//! Updates and the way back, on every kind of firmware.

use anyhow::{Context, Result};

use super::Draws;
use crate::updating::{Way, there_and_back};
use crate::{Firmware, Lab, installation};

const FIRMWARE: [Firmware; 4] = [
    Firmware::Uefi,
    Firmware::Bios,
    Firmware::SecureOwn,
    Firmware::SecureVendor,
];

/// Two updates and a rollback: four trials are all firmware, eight both ways back.
pub(super) fn trial(lab: &Lab, _draws: &mut Draws, number: u64) -> Result<()> {
    let number = usize::try_from(number).context("trials are few")?;
    let firmware = FIRMWARE[number % FIRMWARE.len()];
    lab.say(firmware.name());
    let way = [Way::Api, Way::Console][number / FIRMWARE.len() % 2];
    let disk = installation::installed_disk(lab, firmware)?;
    there_and_back(lab, firmware, &disk, way, &mut |_| Ok(()))
}
