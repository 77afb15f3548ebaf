//! Updates and the way back, on every kind of firmware.

use anyhow::{Context, Result};

use super::Draws;
use crate::updating::there_and_back;
use crate::{Firmware, Lab};

const FIRMWARE: [Firmware; 4] = [
    Firmware::Uefi,
    Firmware::Bios,
    Firmware::SecureOwn,
    Firmware::SecureVendor,
];

/// Two updates and a rollback: four trials are all firmware.
pub(super) fn trial(lab: &Lab, _draws: &mut Draws, number: u64) -> Result<()> {
    let number = usize::try_from(number).context("trials are few")?;
    let firmware = FIRMWARE[number % FIRMWARE.len()];
    lab.say(firmware.name());
    there_and_back(lab, firmware)
}
