//! An installation and a staging against `dd` of the same bytes with fsync.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use megh_model::release::PartKind;
use megh_model::units::MIB;

use crate::disk::Disk;
use crate::guest::cpio::{Entry, FOLDER, PROGRAM, archive};
use crate::installation::End;
use crate::{Firmware, Lab, MachineSpec, Medium, answers, installation};

const WITHIN: Duration = Duration::from_secs(900);
const BUSYBOX: &str = "/bin/busybox";
/// The folder of the bare copy in the initial RAM disk.
const PLACE: &str = "megh-copy";

/// What every script begins with: the modules that the initrd has.
const BEGINNING: &str = r#"#!/megh-copy/busybox sh
b=/megh-copy/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for module in virtio_pci virtio_blk ahci sr_mod isofs; do
    /usr/sbin/modprobe -q $module || /usr/bin/kmod load $module || $b modprobe $module
done
"#;

/// Copies all parts of the release from the medium to the start of the disk.
const FROM_MEDIUM: &str = r#"
until [ -b /dev/vda ] && [ -b /dev/sr0 ]; do $b sleep 0.1; done
$b mkdir -p /megh-copy/medium
until $b mount -t iso9660 -o ro /dev/sr0 /megh-copy/medium 2>/dev/null; do $b sleep 0.1; done
echo MEGH-COPY-STARTS
$b cat /megh-copy/medium/meghos/* | $b dd of=/dev/vda bs=4M iflag=fullblock conv=fsync 2>/dev/null
echo MEGH-COPY-DONE
$b poweroff -f
"#;

/// Copies `ROOT` MiB of slot A's root and `MORE` MiB again to slot B's root, and
/// reads them back from the disk.
const TO_OTHER_SLOT: &str = r#"
until [ -b /dev/vda6 ] && [ -b /dev/vda7 ]; do $b sleep 0.1; done
echo MEGH-COPY-STARTS
$b dd if=/dev/vda6 of=/dev/vda7 bs=1M count=ROOT conv=fsync 2>/dev/null
$b dd if=/dev/vda6 of=/dev/vda7 bs=1M count=MORE seek=ROOT conv=fsync 2>/dev/null
echo 3 > /proc/sys/vm/drop_caches
$b dd if=/dev/vda7 of=/dev/null bs=1M count=$((ROOT + MORE)) 2>/dev/null
echo MEGH-COPY-DONE
$b poweroff -f
"#;

/// Seconds of an installation, from the installer's first report to its last.
pub(super) fn install(lab: &Lab) -> Result<f64> {
    let disk = Disk::blank(lab, "MEGH-BENCH", installation::DISK_BYTES)?.with_real_flushes();
    let answers = answers::disk(lab, &answers::erase_disk(disk.serial()))?;
    let iso = lab.release()?.iso().to_owned();
    let mut machine = MachineSpec::new("install", Firmware::Bios)
        .medium(Medium::Iso, &iso)
        .disk(&disk)
        .disk(&answers)
        .start(lab)?;
    machine
        .serial
        .expect(r#"(?m)^\{.*\}\s*$"#, WITHIN)
        .context("awaiting the first report")?;
    let started = Instant::now();
    let end = installation::await_end(&mut machine)?;
    let seconds = started.elapsed().as_secs_f64();
    machine.pull_plug();
    if let End::Failed(reason) = end {
        bail!("the installation failed: {reason}");
    }
    lab.say(&format!("installation: {seconds:.1} s"));
    Ok(seconds)
}

/// Seconds of `dd` of the same bytes, on the same kind of machine.
pub(super) fn dd(lab: &Lab) -> Result<f64> {
    let disk = Disk::blank(lab, "MEGH-BENCH", installation::DISK_BYTES)?.with_real_flushes();
    let iso = lab.release()?.iso().to_owned();
    let spec = MachineSpec::new("dd", Firmware::Bios)
        .medium(Medium::Iso, &iso)
        .disk(&disk);
    run(lab, spec, FROM_MEDIUM)
}

/// Seconds of `dd` with fsync and reading back, from slot to slot of an
/// installed disk: `root` bytes and `more`.
pub(super) fn to_other_slot(lab: &Lab, base: &Path, root: u64, more: u64) -> Result<f64> {
    let disk = Disk::overlay(lab, base, "MEGH-BENCH-SLOTS")?.with_real_flushes();
    let spec = MachineSpec::new("dd-slots", Firmware::Bios).disk(&disk);
    let script = TO_OTHER_SLOT
        .replace("ROOT", &root.div_ceil(MIB).to_string())
        .replace("MORE", &more.div_ceil(MIB).to_string());
    run(lab, spec, &script)
}

/// Seconds between a script's first word and its last.
fn run(lab: &Lab, spec: MachineSpec, script: &str) -> Result<f64> {
    let release = lab.release()?;
    let initrd = initrd(lab, &release.part(PartKind::Initrd)?, script)?;
    let line = format!("console=ttyS0,115200 panic=5 rdinit=/{PLACE}/init");
    let mut machine = spec
        .direct_kernel(&release.part(PartKind::Kernel)?, &initrd, &line)
        .start(lab)?;
    machine.serial.expect("MEGH-COPY-STARTS", WITHIN)?;
    let started = Instant::now();
    machine.serial.expect("MEGH-COPY-DONE", WITHIN)?;
    let seconds = started.elapsed().as_secs_f64();
    machine.pull_plug();
    lab.say(&format!("dd: {seconds:.1} s"));
    Ok(seconds)
}

/// The release's initrd with the copying script behind it: the kernel unpacks
/// archives that follow each other one over the other.
fn initrd(lab: &Lab, release: &Path, script: &str) -> Result<PathBuf> {
    let script = format!("{BEGINNING}{script}");
    let busybox = fs::read(BUSYBOX)
        .with_context(|| format!("reading {BUSYBOX}: is the package busybox-static installed?"))?;
    let program = |name| format!("{PLACE}/{name}");
    let (busybox_path, init_path) = (program("busybox"), program("init"));
    let more = archive(&[
        Entry {
            path: PLACE,
            mode: FOLDER,
            content: b"",
        },
        Entry {
            path: &busybox_path,
            mode: PROGRAM,
            content: &busybox,
        },
        Entry {
            path: &init_path,
            mode: PROGRAM,
            content: script.as_bytes(),
        },
    ]);
    let mut bytes = fs::read(release).with_context(|| format!("reading {}", release.display()))?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend_from_slice(&more);
    let path = lab.path("copy.initrd");
    fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
