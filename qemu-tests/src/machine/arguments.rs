//! From a machine's parts to QEMU's command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::firmware;
use super::spec::{Firmware, MachineSpec, Medium};
use crate::disk::{Attachment, Disk};

/// Where QEMU's sockets and the machine's variables are.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) qmp: PathBuf,
    pub(super) serial: PathBuf,
    pub(super) serial_log: PathBuf,
    variables: PathBuf,
}

impl Places {
    pub(super) fn new(dir: &Path, machine: &str) -> Self {
        let place = |end: &str| dir.join(format!("{machine}.{end}"));
        Self {
            qmp: place("qmp"),
            serial: place("serial"),
            serial_log: place("log"),
            variables: place("vars.fd"),
        }
    }

    /// Gives the machine fresh firmware variables; those of an earlier start
    /// of the same machine stay.
    pub(super) fn prepare(&self, firmware: Firmware) -> Result<()> {
        if firmware.is_uefi() && !self.variables.exists() {
            firmware::make_variables(firmware, &self.variables)?;
        }
        Ok(())
    }
}

/// Whether the processor can run guests by itself. The presence of `/dev/kvm`
/// says nothing: some machines have one that dies at the first guest.
pub(crate) fn has_hardware_virtualization() -> bool {
    fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| {
        text.lines()
            .filter(|line| line.starts_with("flags"))
            .any(|line| {
                line.split_whitespace()
                    .any(|flag| flag == "vmx" || flag == "svm")
            })
    })
}

/// Who sits at the machine's serial port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// A test, over sockets. The machine stands still until QMP says `cont`.
    Test,
    /// A person at this terminal, which is QEMU's monitor as well.
    Person,
}

/// The whole command line but the program.
pub(super) fn arguments(
    spec: &MachineSpec,
    places: &Places,
    https_port: u16,
    operator: Operator,
) -> Vec<String> {
    let mut args = Args::default();
    args.add("-name", &spec.name);
    // Secure firmware keeps its variables where only it can write them.
    let secure = spec.firmware.is_secure();
    args.add("-machine", if secure { "q35,smm=on" } else { "q35" });
    if has_hardware_virtualization() {
        args.add("-accel", "kvm");
        args.add("-cpu", "host");
    } else {
        args.add("-accel", "tcg,thread=multi");
        // QEMU's own imitation of AMD's extension spoils the memory of the
        // machine that uses it: its kernel panics sooner or later.
        args.add("-cpu", "max,svm=off");
    }
    args.add("-smp", "2");
    args.add("-m", &spec.memory_mib.to_string());
    args.add("-rtc", "base=utc");
    args.flag("-nodefaults");
    args.add("-display", "none");
    args.add("-vga", "std");
    match operator {
        Operator::Test => sockets(&mut args, places),
        Operator::Person => args.add("-serial", "mon:stdio"),
    }
    args.add("-device", "i6300esb");
    args.add("-action", "watchdog=reset");
    args.add("-device", "virtio-rng-pci");
    args.add("-device", "virtio-balloon-pci,id=balloon0");
    args.add(
        "-netdev",
        &format!("user,id=net0,hostfwd=tcp:127.0.0.1:{https_port}-:443"),
    );
    args.add("-device", "virtio-net-pci,netdev=net0,romfile=");
    if spec.firmware.is_uefi() {
        flash(&mut args, spec.firmware, places);
    }
    args.add("-device", "qemu-xhci,id=usb");
    medium(&mut args, spec);
    for (index, disk) in spec.disks.iter().enumerate() {
        attach(&mut args, disk, index);
    }
    if let Some(direct) = &spec.direct_kernel {
        args.add("-kernel", &direct.kernel.display().to_string());
        args.add("-initrd", &direct.initrd.display().to_string());
        args.add("-append", &direct.command_line);
    }
    args.0
}

fn sockets(args: &mut Args, places: &Places) {
    args.flag("-S");
    args.add(
        "-qmp",
        &format!("unix:{},server=on,wait=off", places.qmp.display()),
    );
    args.add(
        "-chardev",
        &format!(
            "socket,id=serial0,path={},server=on,wait=off",
            places.serial.display()
        ),
    );
    args.add("-serial", "chardev:serial0");
}

fn flash(args: &mut Args, firmware: Firmware, places: &Places) {
    let code = firmware::code(firmware);
    args.add(
        "-drive",
        &format!("if=pflash,format=raw,unit=0,readonly=on,file={code}"),
    );
    args.add(
        "-drive",
        &format!(
            "if=pflash,format=raw,unit=1,file={}",
            places.variables.display()
        ),
    );
    if firmware.is_secure() {
        args.add("-global", "driver=cfi.pflash01,property=secure,value=on");
        args.add("-global", "ICH9-LPC.disable_s3=1");
    }
}

fn medium(args: &mut Args, spec: &MachineSpec) {
    let Some((medium, image)) = &spec.medium else {
        return;
    };
    let file = image.display();
    // A kernel that QEMU starts itself is the first to be tried.
    let order = match spec.direct_kernel {
        None => ",bootindex=0",
        Some(_) => "",
    };
    match medium {
        Medium::Iso => {
            args.add(
                "-drive",
                &format!("if=none,id=medium,media=cdrom,readonly=on,format=raw,file={file}"),
            );
            args.add("-device", &format!("ide-cd,drive=medium{order}"));
        }
        Medium::Stick => {
            // A stick is written through to a temporary overlay, not to the image.
            args.add(
                "-drive",
                &format!("if=none,id=medium,snapshot=on,format=raw,file={file}"),
            );
            args.add(
                "-device",
                &format!(
                    "usb-storage,bus=usb.0,drive=medium,serial=MEGH-STICK,removable=on{order}"
                ),
            );
        }
    }
}

fn attach(args: &mut Args, disk: &Disk, index: usize) {
    let order = index + 1;
    let serial = &disk.serial;
    match &disk.log {
        None => args.add(
            "-drive",
            &format!(
                "if=none,id=disk{index},format={},cache={},discard=unmap,file={}",
                disk.format.name(),
                disk.cache,
                disk.path.display()
            ),
        ),
        Some(log) => args.add("-blockdev", &recorded(disk, log, index)),
    }
    args.add(
        "-device",
        &match disk.attachment {
            Attachment::Virtio => {
                format!("virtio-blk-pci,drive=disk{index},serial={serial},bootindex={order}")
            }
            Attachment::Usb => {
                format!("usb-storage,bus=usb.0,drive=disk{index},serial={serial},bootindex={order}")
            }
        },
    );
}

/// A disk whose writes and flushes go into a log as well. The flushes must
/// reach the log; below it, this host's cache is as safe as a disk.
fn recorded(disk: &Disk, log: &Path, index: usize) -> String {
    let file = |path: &Path| json!({ "driver": "file", "filename": path, "discard": "unmap" });
    json!({
        "driver": "blklogwrites",
        "node-name": format!("disk{index}"),
        "file": {
            "driver": disk.format.name(),
            "discard": "unmap",
            "cache": { "no-flush": true },
            "file": file(&disk.path),
        },
        "log": file(log),
    })
    .to_string()
}

#[derive(Default)]
struct Args(Vec<String>);

impl Args {
    fn add(&mut self, name: &str, value: &str) {
        self.0.extend([name.to_owned(), value.to_owned()]);
    }

    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }
}
