//! GRUB, for UEFI and BIOS, on disks and on media, each with its static
//! configuration inside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{files, inputs, of_tools};
use crate::stage::Stages;
use crate::tools::Tools;

const EARLY: &str = include_str!("grub/early.cfg");
const DISK: &str = include_str!("grub/disk.cfg");
const MEDIUM: &str = include_str!("grub/medium.cfg");
const SBAT: &str = include_str!("grub/sbat.csv");

/// What all of them need. Modules that are not inside cannot be loaded.
const MODULES: [&str; 17] = [
    "configfile",
    "echo",
    "fat",
    "gcry_sha256",
    "hashsum",
    "loadenv",
    "memdisk",
    "normal",
    "part_gpt",
    "probe",
    "reboot",
    "regexp",
    "serial",
    "sleep",
    "tar",
    "test",
    "true",
];
const FOR_UEFI: [&str; 2] = ["chain", "efifwsetup"];
const FOR_BIOS: [&str; 2] = ["biosdisk", "linux"];
const FOR_MEDIA: [&str; 4] = ["iso9660", "part_msdos", "search", "search_fs_file"];

/// The loaders.
pub(super) struct Loaders {
    /// For UEFI on a disk, not yet signed.
    pub(super) disk_efi: PathBuf,
    /// For UEFI on a medium, not yet signed.
    pub(super) medium_efi: PathBuf,
    /// The first sector of a disk.
    pub(super) bios_boot: PathBuf,
    /// What that sector loads.
    pub(super) bios_core: PathBuf,
    /// For BIOS on a CD.
    pub(super) bios_cd: PathBuf,
    /// The first sector of a stick.
    pub(super) bios_mbr: PathBuf,
}

pub(super) fn make(stages: &Stages, tools: &Tools) -> Result<Loaders> {
    let key = inputs(tools, include_str!("grub.rs"))
        .text("early", EARLY)
        .text("disk", DISK)
        .text("medium", MEDIUM)
        .text("sbat", SBAT)
        .key();
    let dir = stages.folder("grub", &key, |dir| {
        files::write(&dir.join("early.cfg"), EARLY)?;
        files::write(&dir.join("sbat.csv"), SBAT)?;
        let disk = configuration(tools, dir, "disk", DISK)?;
        let medium = configuration(tools, dir, "medium", MEDIUM)?;
        let image = |format, name: &str, configuration, modules: &[&[&str]]| {
            mkimage(tools, dir, format, name, configuration, modules)
        };
        image("x86_64-efi", "disk.efi", &disk, &[&FOR_UEFI])?;
        image(
            "x86_64-efi",
            "medium.efi",
            &medium,
            &[&FOR_UEFI, &FOR_MEDIA],
        )?;
        image("i386-pc", "core.img", &disk, &[&FOR_BIOS])?;
        image(
            "i386-pc-eltorito",
            "cd.img",
            &medium,
            &[&FOR_BIOS, &FOR_MEDIA],
        )?;
        for name in ["boot.img", "boot_hybrid.img"] {
            let shipped = of_tools(tools, "usr/lib/grub/i386-pc").join(name);
            files::copy(&shipped, &dir.join(name), 0o644)?;
        }
        Ok(())
    })?;
    Ok(Loaders {
        disk_efi: dir.join("disk.efi"),
        medium_efi: dir.join("medium.efi"),
        bios_boot: dir.join("boot.img"),
        bios_core: dir.join("core.img"),
        bios_cd: dir.join("cd.img"),
        bios_mbr: dir.join("boot_hybrid.img"),
    })
}

/// Checks a configuration and packs it for GRUB's memory disk.
fn configuration(tools: &Tools, dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let folder = dir.join(name);
    let file = folder.join("grub.cfg");
    files::write(&file, text)?;
    tools
        .cmd("grub-script-check")
        .arg(tools.inside(&file))
        .run()
        .with_context(|| format!("GRUB's configuration for a {name} has an error"))?;
    let archive = dir.join(format!("{name}.tar"));
    tools
        .cmd("tar")
        .args(["--create", "--owner=0", "--group=0", "--mode=0644"])
        .arg(format!("--mtime=@{}", tools.epoch()))
        .arg("--directory")
        .arg(tools.inside(&folder))
        .arg("--file")
        .arg(tools.inside(&archive))
        .arg("grub.cfg")
        .run()
        .with_context(|| format!("GRUB's configuration for a {name} cannot be packed"))?;
    Ok(archive)
}

fn mkimage(
    tools: &Tools,
    dir: &Path,
    format: &str,
    name: &str,
    memdisk: &Path,
    modules: &[&[&str]],
) -> Result<()> {
    let mut cmd = tools.cmd("grub-mkimage").args(["--format", format]);
    // The memory disk makes itself the prefix; a prefix without a device, named
    // after it, makes GRUB take the device that it was itself read from.
    cmd = cmd.arg("--memdisk").arg(tools.inside(memdisk));
    cmd = cmd.args(["--prefix", "/meghos", "--config"]);
    cmd = cmd.arg(tools.inside(&dir.join("early.cfg")));
    if format.ends_with("efi") {
        cmd = cmd.arg("--sbat").arg(tools.inside(&dir.join("sbat.csv")));
    }
    cmd.arg("--output")
        .arg(tools.inside(&dir.join(name)))
        .args(MODULES)
        .args(modules.concat())
        .run()
        .with_context(|| format!("GRUB's image {name} cannot be made"))?;
    Ok(())
}
