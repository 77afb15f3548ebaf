//! A tiny Linux: Debian's kernel for clouds, busybox, and a disk that BIOS starts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;

use super::cpio::{Entry, FOLDER, PROGRAM, archive};
use crate::Lab;

/// What the guest prints once it is up.
pub const LINUX_GREETING: &str = "MEGHOS LINUX GUEST SAYS HELLO";

/// The package whose dependency is the newest kernel for clouds.
const KERNEL_PACKAGE: &str = "linux-image-cloud-amd64";
const BUSYBOX: &str = "/bin/busybox";
const DISK: u64 = 32 << 20;
const INIT: &str = "#!/busybox sh\n\
    /busybox mount -t proc proc /proc\n\
    echo \"MEGHOS LINUX GUEST SAYS HELLO from $(/busybox uname -r)\"\n\
    exec /busybox sh\n";
const BOOT_MENU: &str = "SERIAL 0 115200\nDEFAULT linux\nPROMPT 0\nLABEL linux\n  KERNEL linux\n  \
    INITRD initrd\n  APPEND console=ttyS0,115200 panic=5\n";

/// Builds the guest's disk, raw, in the lab. It needs 128 MiB of memory.
pub fn linux_disk(lab: &Lab) -> Result<PathBuf> {
    let disk = lab.path("linux.raw");
    File::create(&disk)
        .and_then(|file| file.set_len(DISK))
        .with_context(|| format!("creating {}", disk.display()))?;
    // 64 heads of 32 sectors: a geometry that BIOS accepts without a partition table.
    Cmd::new("mformat")
        .arg("-i")
        .arg(&disk)
        .args(["-h", "64", "-s", "32", "-t", "32", "::"])
        .run()?;
    for (name, file) in [
        ("linux", kernel(lab)?),
        ("initrd", written(lab, "initrd", &initrd()?)?),
        (
            "syslinux.cfg",
            written(lab, "syslinux.cfg", BOOT_MENU.as_bytes())?,
        ),
    ] {
        Cmd::new("mcopy")
            .arg("-i")
            .arg(&disk)
            .arg(file)
            .arg(format!("::/{name}"))
            .run()?;
    }
    Cmd::new("syslinux").arg("--install").arg(&disk).run()?;
    Ok(disk)
}

fn initrd() -> Result<Vec<u8>> {
    let busybox = fs::read(BUSYBOX)
        .with_context(|| format!("reading {BUSYBOX}: is the package busybox-static installed?"))?;
    Ok(archive(&[
        Entry {
            path: "proc",
            mode: FOLDER,
            content: b"",
        },
        Entry {
            path: "dev",
            mode: FOLDER,
            content: b"",
        },
        Entry {
            path: "busybox",
            mode: PROGRAM,
            content: &busybox,
        },
        Entry {
            path: "init",
            mode: PROGRAM,
            content: INIT.as_bytes(),
        },
    ]))
}

/// The kernel, downloaded once.
fn kernel(lab: &Lab) -> Result<PathBuf> {
    let _alone = lab.making("guests")?;
    let folder = lab.cache().join("guests");
    let kernel = folder.join("linux");
    if kernel.is_file() {
        return Ok(kernel);
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let package = newest_kernel_package()?;
    lab.say(&format!("downloading {package}"));
    Cmd::new("apt-get")
        .args(["download", &package])
        .cwd(lab.dir())
        .run()?;
    let archive = find(lab.dir(), |name| {
        name.starts_with(&package) && name.ends_with(".deb")
    })?;
    let unpacked = lab.path("kernel");
    Cmd::new("dpkg-deb")
        .arg("-x")
        .arg(archive)
        .arg(&unpacked)
        .run()?;
    let found = find(&unpacked.join("boot"), |name| name.starts_with("vmlinuz"))?;
    // First a copy beside it, so that the kernel appears whole or not at all.
    let partial = folder.join("linux.partial");
    fs::copy(&found, &partial)
        .and_then(|_| fs::rename(&partial, &kernel))
        .with_context(|| format!("keeping {}", kernel.display()))?;
    Ok(kernel)
}

fn newest_kernel_package() -> Result<String> {
    let report = Cmd::new("apt-cache")
        .args(["depends", KERNEL_PACKAGE])
        .stdout()?;
    report
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .map(str::to_owned)
        .with_context(|| format!("{KERNEL_PACKAGE} depends on no kernel: {report}"))
}

fn find(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    fs::read_dir(folder)
        .with_context(|| format!("listing {}", folder.display()))?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .with_context(|| format!("{} does not hold what was wanted", folder.display()))
}

fn written(lab: &Lab, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = lab.path(name);
    fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
