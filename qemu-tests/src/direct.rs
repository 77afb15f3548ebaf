//! Starting an installed disk past its firmware and loader: QEMU hands the
//! kernel over, with the command line that GRUB would give it on BIOS. A person
//! at a machine cannot do that; a test that measures or mends can.

use std::path::Path;

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_model::release::PartKind;

use crate::disk::Disk;
use crate::release::Release;
use crate::{Firmware, Lab, Machine, MachineSpec, faults};

/// Switches on a machine named `name` with `disk`, which holds the installed
/// release in slot A; `base` is the raw file below it. `more` is added to the
/// kernel's command line.
pub fn start(lab: &Lab, name: &str, disk: &Disk, base: &Path, more: &str) -> Result<Machine> {
    let release = lab.release()?;
    let line = format!("{} {more}", command_line(release, base)?);
    MachineSpec::new(name, Firmware::Bios)
        .disk(disk)
        .direct_kernel(
            &release.part(PartKind::Kernel)?,
            &release.part(PartKind::Initrd)?,
            &line,
        )
        .start(lab)
}

/// What makes a machine's systemd run one more unit: a credential that
/// systemd-debug-generator takes (systemd.system-credentials(7)).
pub fn unit(name: &str, text: &str) -> Result<String> {
    let coded = Cmd::new("base64").arg("-w0").stdin(text).stdout()?;
    let coded = coded.trim();
    Ok(format!(
        "systemd.set_credential_binary=systemd.extra-unit.{name}:{coded} systemd.wants={name}"
    ))
}

/// The command line that GRUB gives a BIOS machine for this disk.
fn command_line(release: &Release, disk: &Path) -> Result<String> {
    let environment = std::fs::read_to_string(release.part(PartKind::SlotEnv)?)?;
    let value = |name: &str| {
        environment
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .with_context(|| format!("the slot's environment has no {name}"))
    };
    Ok(format!(
        "{} megh.roothash={} megh.hashoffset={} megh.boot={}",
        value("megh_cmdline")?,
        value("megh_roothash")?,
        value("megh_hashoffset")?,
        faults::partition_guid(disk, "boot-a")?
    ))
}
