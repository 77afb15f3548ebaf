//! The power goes at a drawn moment of an update.

use anyhow::{Context, Result, ensure};

use super::Draws;
use crate::power_cut::{Amount, Cut, Recording, examine, serves_after};
use crate::{Firmware, Lab};

/// Drawn parts of what is under way at each moment, judged on this host.
const SUBSETS: u64 = 4;

/// One cut, on UEFI or BIOS. The first trial against a recording judges every
/// moment of it on this host.
pub(super) fn trial(lab: &Lab, draws: &mut Draws, _number: u64) -> Result<()> {
    let firmware = *draws
        .choice(&[Firmware::Uefi, Firmware::Bios])
        .context("there is a choice")?;
    let recording = Recording::of_update(lab, firmware)?;
    judge_once(lab, firmware, &recording)?;
    let amount = match draws.u8(0..4) {
        0 => Amount::Nothing,
        1 => Amount::Everything,
        2 => Amount::Writes(draws.u64(..)),
        _ => Amount::Sectors(draws.u64(..)),
    };
    let cut = Cut {
        epoch: draws.usize(recording.begin()..=recording.end()),
        amount,
    };
    serves_after(lab, firmware, &recording, cut, "after-cut")
}

fn judge_once(lab: &Lab, firmware: Firmware, recording: &Recording) -> Result<()> {
    let digest = lab.release()?.short_digest()?;
    let folder = format!("{digest}-{}", firmware.name());
    let stamp = lab.cache().join("recordings").join(folder).join("judged");
    if stamp.is_file() {
        return Ok(());
    }
    let seen = examine(recording, 1, SUBSETS, 0)?;
    let text = format!("{} moments, {} disks judged", seen.epochs, seen.disks);
    lab.say(&text);
    ensure!(seen.violations.is_empty(), "{:#?}", seen.violations);
    std::fs::write(&stamp, text).with_context(|| format!("writing {}", stamp.display()))
}
