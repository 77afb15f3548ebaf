//! Installing the release, and disks on which that was done before.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::disk::Disk;
use crate::{Firmware, Lab, Machine, MachineSpec, Medium, answers};

/// Size of the disks that are installed: the smallest kind with large root slots.
pub const DISK_BYTES: u64 = 32 << 30;
/// Serial number of the disk that is installed.
pub const DISK_SERIAL: &str = "MEGH-TEST-0001";

/// From power to the end of an unattended installation.
const INSTALLED_WITHIN: Duration = Duration::from_secs(900);
/// From the installer's last word to the power being off.
pub const OFF_WITHIN: Duration = Duration::from_secs(120);

/// How an unattended installation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The disk starts.
    Done,
    /// It was refused or failed, for this reason.
    Failed(String),
}

/// Waits for the last word of an unattended installation.
pub fn await_end(machine: &mut Machine) -> Result<End> {
    let word = machine
        .serial
        .expect(
            r"MEGH-INSTALL-DONE\s|MEGH-INSTALL-FAILED: ([^\n]*)\n",
            INSTALLED_WITHIN,
        )
        .context("awaiting the installer's last word")?;
    Ok(if word[0].starts_with("MEGH-INSTALL-DONE") {
        End::Done
    } else {
        End::Failed(word[1].clone())
    })
}

/// A machine with the medium, a blank disk and answers, switched on.
pub fn start_unattended(
    lab: &Lab,
    firmware: Firmware,
    medium: Medium,
    image: &Path,
    disk: &Disk,
) -> Result<Machine> {
    let answers = answers::erase_disk(disk.serial());
    start_with(lab, firmware, medium, image, disk, &answers)
}

/// The same with other answers.
pub fn start_with(
    lab: &Lab,
    firmware: Firmware,
    medium: Medium,
    image: &Path,
    disk: &Disk,
    answers: &str,
) -> Result<Machine> {
    let answers = answers::disk(lab, answers)?;
    MachineSpec::new(&format!("installer-{}", firmware.name()), firmware)
        .medium(medium, image)
        .disk(disk)
        .disk(&answers)
        .start(lab)
}

/// Installs the release on a blank disk, unattended, from power on to power
/// off, and returns the disk. The first of a build becomes the base of
/// [`installed_disk`].
pub fn install(lab: &Lab, firmware: Firmware, medium: Medium) -> Result<Disk> {
    let _alone = lab.making("disks")?;
    install_alone(lab, firmware, medium)
}

fn install_alone(lab: &Lab, firmware: Firmware, medium: Medium) -> Result<Disk> {
    let disk = Disk::blank(lab, DISK_SERIAL, DISK_BYTES)?;
    let iso = lab.release()?.iso().to_owned();
    let mut machine = start_unattended(lab, firmware, medium, &iso, &disk)?;
    if let End::Failed(reason) = await_end(&mut machine)? {
        bail!("the installation failed: {reason}");
    }
    machine.wait_power_off(OFF_WITHIN)?;
    lab.say("installed, and switched off");
    let base = base_path(lab, firmware)?;
    if base.is_file() {
        // Others have views of it.
        return Ok(disk);
    }
    fs::create_dir_all(base.parent().context("the base is in a folder")?)?;
    fs::rename(disk.path(), &base).with_context(|| format!("keeping {}", base.display()))?;
    forget_other_builds(lab)?;
    Disk::overlay(lab, &base, DISK_SERIAL)
}

/// A freshly installed disk that was never booted: a view of one that was
/// installed before from the same build, if there is one.
pub fn installed_disk(lab: &Lab, firmware: Firmware) -> Result<Disk> {
    let _alone = lab.making("disks")?;
    let base = base_path(lab, firmware)?;
    if base.is_file() {
        return Disk::overlay(lab, &base, DISK_SERIAL);
    }
    install_alone(lab, firmware, Medium::Iso)
}

/// The raw file that disks of [`installed_disk`] are views of.
pub fn base_path(lab: &Lab, firmware: Firmware) -> Result<PathBuf> {
    let digest = lab.release()?.short_digest()?;
    Ok(lab
        .cache()
        .join("disks")
        .join(format!("{digest}-{}.raw", firmware.kind().name())))
}

/// Removes installed disks of earlier builds.
fn forget_other_builds(lab: &Lab) -> Result<()> {
    let digest = lab.release()?.short_digest()?;
    let dir = lab.cache().join("disks");
    for entry in fs::read_dir(&dir).with_context(|| format!("listing {}", dir.display()))? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(&digest) {
            fs::remove_file(entry.path())
                .with_context(|| format!("removing {}", entry.path().display()))?;
        }
    }
    Ok(())
}
