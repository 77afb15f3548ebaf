//! Every broken release on BIOS and on UEFI, one trial each.

use anyhow::{Context, Result};

use super::Draws;
use crate::updating::{Story, site, site_version};
use crate::{Firmware, Lab, installation};

/// A sound release whose root is spoiled on the disk after the staging.
const CORRUPT: &str = "root-corrupt";
/// In the order of their sites, and of their versions.
const BROKEN: [&str; 8] = [
    "daemon-crashes",
    "daemon-hangs",
    "fails-in-initrd",
    "libvirt-is-broken",
    "migration-fails",
    "panics",
    "userspace-hangs",
    CORRUPT,
];
const FIRMWARE: [Firmware; 2] = [Firmware::Uefi, Firmware::Bios];

/// One release on one firmware: 16 trials are all of them.
pub(super) fn trial(lab: &Lab, _draws: &mut Draws, number: u64) -> Result<()> {
    let number = usize::try_from(number).context("trials are few")?;
    let firmware = FIRMWARE[number / BROKEN.len() % FIRMWARE.len()];
    let name = BROKEN[number % BROKEN.len()];
    lab.say(&format!("{name} on {}", firmware.name()));
    let disk = installation::installed_disk(lab, firmware)?;
    let story = Story::begin(lab, firmware, &disk)?;
    let folder = if name == CORRUPT { "next" } else { name };
    let version = site_version(lab, folder)?;
    story.stage(&site(lab, folder)?, &version)?;
    let story = if name == CORRUPT {
        let base = installation::base_path(lab, firmware)?;
        story.apply_with_spoiled_root(&version, firmware, &disk, &base)?
    } else {
        story.apply_in_vain(&version)?
    };
    story.appliance.power_off()
}
