//! The whole attack table, with the server that stalls, on UEFI and BIOS.

use anyhow::{Context, Result};

use super::Draws;
use crate::attack::{Patience, on_a_machine};
use crate::{Firmware, Lab};

const FIRMWARE: [Firmware; 2] = [Firmware::Uefi, Firmware::Bios];

/// The table on one machine: two trials are all firmware.
pub(super) fn trial(lab: &Lab, _draws: &mut Draws, number: u64) -> Result<()> {
    let number = usize::try_from(number).context("trials are few")?;
    let firmware = FIRMWARE[number % FIRMWARE.len()];
    on_a_machine(lab, firmware, Patience::Long).map(drop)
}
