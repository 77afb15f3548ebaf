//! The life of a machine up to the attacks: a stick moves its floor, and a person
//! sends it back, so that both slots hold something that must not be lost.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Patience, table};
use crate::disk::Disk;
use crate::updating::{Story, site_version};
use crate::write_log::{Base, DiskState, WriteLog};
use crate::{Firmware, Lab, MachineSpec, appliance, installation, stick};

const SITE: &str = "next";

/// The disk of a machine that has been attacked, switched off since.
#[derive(Debug)]
pub struct Attacked {
    /// The raw file that the disk is an overlay of.
    pub base: PathBuf,
    /// What the disk holds.
    pub disk: DiskState,
}

/// Installs, updates from a stick, goes back in the boot menu to the installed
/// version, and then tries the table.
pub fn on_a_machine(lab: &Lab, firmware: Firmware, patience: Patience) -> Result<Attacked> {
    installation::installed_disk(lab, firmware)?;
    let base = installation::base_path(lab, firmware)?;
    let disk = Disk::recorded(lab, &base, installation::DISK_SERIAL)?;
    let installed = lab.release()?.manifest().version.to_string();
    let stick = stick::with_site(lab, SITE, &installed)?;
    let machine = MachineSpec::new("attacked", firmware)
        .disk(&disk)
        .disk(&stick)
        .start(lab)?;
    let story = Story::begin_on(lab, appliance::await_console(machine)?)?;
    let next = site_version(lab, SITE)?;
    story.stage_from_stick(&next)?;
    let story = story.apply(&next)?;
    let mut story = story.choose_in_menu('a', &installed)?;
    let whole = Base::open(&base)?;
    table(lab, &mut story, &disk, &whole, patience)?;
    story.appliance.power_off()?;
    Ok(Attacked {
        disk: state(&disk, whole)?,
        base,
    })
}

/// A recorded disk as its machine has left it.
pub fn state(disk: &Disk, base: Base) -> Result<DiskState> {
    let log = WriteLog::open(disk.log().context("the disk is recorded")?)?;
    Ok(log.state(base, log.entries().len()))
}
