//! The installation medium: one image for CDs and sticks, BIOS and UEFI.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_model::boot::MEDIUM_RELEASE_DIR;

use super::sign::Signed;
use super::{inputs, of_tools};
use crate::keys::Keys;
use crate::stage::Stages;
use crate::tools::Tools;

/// shim's companion, with which a person enrolls a key at the machine.
const MOK_MANAGER: &str = "usr/lib/shim/mmx64.efi.signed";
/// The certificate to enroll there, as its file dialog shows it.
const CERTIFICATE: &str = "MeghOS.cer";
/// Room for the loaders of the medium.
const ESP_SIZE: u64 = 6 << 20;
const ESP_TYPE: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

/// The loaders of the medium.
pub struct Medium {
    /// File system with the loaders for UEFI.
    pub(super) esp: PathBuf,
    /// Loader for BIOS, on a CD.
    pub(super) bios_cd: PathBuf,
    /// The image's first sector, for BIOS on a stick.
    pub(super) bios_mbr: PathBuf,
}

/// The file system with the medium's loaders for UEFI.
pub(super) fn esp(stages: &Stages, tools: &Tools, signed: &Signed, keys: &Keys) -> Result<PathBuf> {
    let shim = signed.shim().file;
    let grub = signed.file(Path::new("medium.efi"));
    let mok_manager = of_tools(tools, MOK_MANAGER);
    let key = inputs(tools, include_str!("iso.rs"))
        .file("shim", &shim)?
        .file("grub", &grub)?
        .file("certificate", &keys.boot_certificate())?
        .key();
    let dir = stages.folder("medium", &key, |dir| {
        let certificate = dir.join(CERTIFICATE);
        let _keys = tools.bind_read_only(keys.dir(), "/opt/keys")?;
        let pem = keys.boot_certificate();
        tools
            .cmd("openssl")
            .args(["x509", "-outform", "DER", "-in"])
            .arg(Path::new("/opt/keys").join(pem.file_name().unwrap_or_default()))
            .arg("-out")
            .arg(tools.inside(&certificate))
            .run()
            .context("the certificate cannot be converted")?;
        let files = [
            (shim.as_path(), "/EFI/BOOT/BOOTX64.EFI"),
            (&grub, "/EFI/BOOT/grubx64.efi"),
            (&mok_manager, "/EFI/BOOT/mmx64.efi"),
            (&certificate, "/MeghOS.cer"),
        ];
        fat(tools, &dir.join("esp.img"), &files)
    })?;
    Ok(dir.join("esp.img"))
}

/// A FAT file system with these files.
fn fat(tools: &Tools, image: &Path, files: &[(&Path, &str)]) -> Result<()> {
    let file =
        fs::File::create(image).with_context(|| format!("cannot write {}", image.display()))?;
    file.set_len(ESP_SIZE)?;
    let inside = tools.inside(image);
    tools
        .cmd("mkfs.vfat")
        .args(["-F", "12", "-n", "MEGHOS-EFI", "--invariant"])
        .arg(&inside)
        .run()
        .context("the medium's loaders get no file system")?;
    let mtools = |program: &str| tools.cmd(program).arg("-i").arg(&inside);
    mtools("mmd").args(["::/EFI", "::/EFI/BOOT"]).run()?;
    for (from, to) in files {
        let copy = image.with_extension("part");
        super::files::copy(from, &copy, 0o644)?;
        mtools("mcopy")
            .arg(tools.inside(&copy))
            .arg(format!("::{to}"))
            .run()
            .with_context(|| format!("{} does not fit on the medium", from.display()))?;
        crate::stage::remove(&copy)?;
    }
    Ok(())
}

/// Writes the medium: the release as it is, and the loaders. The file is
/// `iso`, which must not lie in the release.
pub fn write(tools: &Tools, medium: &Medium, release: &Path, iso: &Path) -> Result<()> {
    let folder = iso.parent().context("a file lies in a folder")?;
    let name = iso.file_name().context("a file has a name")?;
    let _release = tools.bind_read_only(release, "/opt/release")?;
    let _out = tools.bind(folder, "/opt/out")?;
    let partial = Path::new("/opt/out")
        .join(name)
        .with_extension("iso.partial");
    let graft = |at: &str, path: &Path| format!("/{at}={}", tools.inside(path).display());
    tools
        .cmd("xorriso")
        .args(["-as", "mkisofs", "-quiet", "-r", "-iso-level", "3"])
        .args(["-volid", "MEGHOS", "-o"])
        .arg(&partial)
        // BIOS, from a CD and from a stick.
        .args(["-b", "boot/bios.img", "-no-emul-boot"])
        .args([
            "-boot-load-size",
            "4",
            "-boot-info-table",
            "--grub2-boot-info",
        ])
        .arg("--grub2-mbr")
        .arg(tools.inside(&medium.bios_mbr))
        // UEFI: one partition, which a CD's catalogue points at too.
        .args(["-partition_offset", "16", "--mbr-force-bootable"])
        .args(["-append_partition", "2", ESP_TYPE])
        .arg(tools.inside(&medium.esp))
        .args(["-appended_part_as_gpt", "-eltorito-alt-boot"])
        .args([
            "-e",
            "--interval:appended_partition_2:all::",
            "-no-emul-boot",
        ])
        .arg("-graft-points")
        .arg(graft("boot/bios.img", &medium.bios_cd))
        .arg(format!("/{MEDIUM_RELEASE_DIR}=/opt/release"))
        .run()
        .context("the medium's image cannot be made")?;
    let made = folder.join(name).with_extension("iso.partial");
    fs::rename(&made, iso).with_context(|| format!("cannot name {}", iso.display()))
}
