//! The disk with answers for an unattended installation.

use std::fs::{self, File};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use crate::Lab;
use crate::disk::Disk;

/// Label of the file system that the installer looks for.
const LABEL: &str = "MEGHANSWERS";
/// Name of the file on it.
const FILE: &str = "answers.toml";
/// Size of the disk: the smallest that FAT tools of all kinds accept.
const SIZE: u64 = 4 << 20;

/// Answers that erase the disk with this serial number and switch off at the end.
pub fn erase_disk(serial: &str) -> String {
    format!(
        "schema = 1\nmode = \"erase\"\nfinish = \"poweroff\"\n\n\
         [target]\nserial = \"{serial}\"\nrequire_unique = true\n\n\
         [host]\nname = \"megh-test\"\n"
    )
}

/// The same, and the firmware, which is in setup mode, is given the release's keys.
pub fn erase_disk_and_enrol(serial: &str) -> String {
    let answers = erase_disk(serial);
    format!("{answers}\n[firmware]\nenrol_secure_boot = true\n")
}

/// A small FAT disk that holds `answers`.
pub fn disk(lab: &Lab, answers: &str) -> Result<Disk> {
    let image = lab.path("answers.img");
    let text = lab.path(FILE);
    fs::write(&text, answers).with_context(|| format!("writing {}", text.display()))?;
    File::create(&image)
        .and_then(|file| file.set_len(SIZE))
        .with_context(|| format!("creating {}", image.display()))?;
    Cmd::new("mformat")
        .args(["-v", LABEL, "-i"])
        .arg(&image)
        .arg("::")
        .run()?;
    Cmd::new("mcopy")
        .arg("-i")
        .arg(&image)
        .arg(&text)
        .arg(format!("::/{FILE}"))
        .run()?;
    Ok(Disk::raw(&image, "MEGH-ANSWERS").on_usb())
}
