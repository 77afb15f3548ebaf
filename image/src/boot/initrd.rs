//! The initrd: systemd, udev, storage drivers and `megh-root`, nothing else.

mod overlay;
mod split;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{files, inputs};
use crate::base::Base;
use crate::stage::{Stages, remove};
use crate::tools::Tools;

pub(super) use overlay::make as with_overlay;

const DRIVERS: &str = include_str!("initrd/drivers");
const SERVICE: &str = include_str!("initrd/megh-root.service");
const EMERGENCY: &str = include_str!("initrd/emergency.service");
const WATCHDOG: &str = include_str!("initrd/watchdog.conf");

/// Folder of megh-root while the initrd is made.
const PROGRAM: &str = "program";
/// Parts of dracut. Its own `base` is a shell that looks for a root; ours does.
const MODULES: &str = "systemd systemd-initrd systemd-udevd systemd-journald udev-rules";
/// What megh-root starts, what device-mapper needs of udev, and what the units run.
const PROGRAMS: &str = "/usr/lib/meghos/megh-root /usr/sbin/veritysetup /usr/sbin/modprobe \
     /usr/sbin/dmsetup /usr/lib/udev/rules.d/55-dm.rules /usr/lib/udev/rules.d/95-dm-notify.rules \
     /usr/bin/echo /usr/bin/sleep";

/// The compressed initrd.
pub(super) fn make(
    stages: &Stages,
    tools: &Tools,
    base: &Base,
    megh_root: &Path,
) -> Result<PathBuf> {
    let key = inputs(tools, include_str!("initrd.rs"))
        .text("code", include_str!("initrd/split.rs"))
        .text("drivers", DRIVERS)
        .text("service", SERVICE)
        .text("emergency", EMERGENCY)
        .text("watchdog", WATCHDOG)
        .text("base", &base.key)
        .file("megh-root", megh_root)?
        .key();
    let dir = stages.folder("initrd", &key, |dir| {
        let staging = dir.join("staging");
        files::copy(megh_root, &dir.join(PROGRAM).join("megh-root"), 0o755)?;
        stage(&staging)?;
        dracut(tools, base, &staging, dir)?;
        compress(tools, &dir.join("initrd.cpio"), &dir.join("initrd"))?;
        remove(&staging)?;
        remove(&dir.join(PROGRAM))
    })?;
    Ok(dir.join("initrd"))
}

/// The files that are ours, at their places in the initrd.
fn stage(staging: &Path) -> Result<()> {
    let units = staging.join("usr/lib/systemd/system");
    files::write(&units.join("megh-root.service"), SERVICE)?;
    files::link(
        "../megh-root.service",
        &units.join("initrd-root-fs.target.requires/megh-root.service"),
    )?;
    let etc = staging.join("etc/systemd");
    files::write(&etc.join("system/emergency.service"), EMERGENCY)?;
    files::write(&etc.join("system.conf.d/meghos.conf"), WATCHDOG)
}

fn dracut(tools: &Tools, base: &Base, staging: &Path, dir: &Path) -> Result<()> {
    let release = base.kernel_release()?;
    let modules = base.root().join("usr/lib/modules").join(&release);
    // Installed, not included: so its libraries come along.
    let _program = tools.bind_read_only(&dir.join(PROGRAM), "/usr/lib/meghos")?;
    tools
        .cmd("dracut")
        .args(["--force", "--quiet", "--reproducible", "--no-hostonly"])
        .args([
            "--no-hostonly-cmdline",
            "--no-early-microcode",
            "--no-compress",
        ])
        .args(["--kver", &release, "--fwdir", "/nonexistent"])
        .arg("--kmoddir")
        .arg(tools.inside(&modules))
        .arg("--tmpdir")
        .arg(tools.inside(dir))
        .args(["--modules", MODULES, "--drivers", &drivers()])
        .args(["--install", PROGRAMS, "--include"])
        .args([tools.inside(staging).as_path(), Path::new("/")])
        .arg(tools.inside(&dir.join("initrd.cpio")))
        .run()
        .context("the initrd cannot be made")?;
    Ok(())
}

/// Compresses the archive `from`, which is used up, in its parts.
fn compress(tools: &Tools, from: &Path, to: &Path) -> Result<()> {
    let archive = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut whole = Vec::new();
    for part in split::split(&archive)? {
        let compressed = from.with_extension("xz");
        files::write(from, &part)?;
        xz(tools, from, &compressed)?;
        let bytes = fs::read(&compressed).context("xz wrote nothing")?;
        whole.extend(bytes);
        remove(&compressed)?;
    }
    remove(from)?;
    files::write(to, whole)
}

/// xz with the filter for x86 code: the smallest that the kernel reads. Its
/// files are whole words, as the kernel wants the next archive to begin.
fn xz(tools: &Tools, from: &Path, to: &Path) -> Result<()> {
    tools
        .cmd("xz")
        .args(["--x86", "--lzma2=preset=9e", "--check=crc32", "--stdout"])
        .arg(tools.inside(from))
        .stdout_file(to)
        .run()
        .context("the initrd cannot be compressed")?;
    Ok(())
}

/// The names of the list, without its comments.
fn drivers() -> String {
    let names: Vec<&str> = DRIVERS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_without_which_nothing_starts_are_in_the_list() {
        let drivers = drivers();
        let names: Vec<&str> = drivers.split(' ').collect();
        for needed in [
            "erofs",
            "ext4",
            "overlay",
            "dm_verity",
            "isofs",
            "loop",
            "efivarfs",
            "libcrc32c",
        ] {
            assert!(names.contains(&needed), "{needed}");
        }
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        );
    }
}
