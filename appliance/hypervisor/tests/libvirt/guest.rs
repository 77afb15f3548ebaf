//! Guests of 512 bytes, and what tests need around one.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use megh_host::command::Cmd;
use megh_hypervisor::{DiskSource, DomainSpec, GuestFirmware};
use uuid::Uuid;

use crate::daemon::PrivateLibvirt;

/// What the guest prints when it starts.
pub(crate) const GREETING: &str = "MEGH-GUEST-UP\r\n";

const PATIENCE: Duration = Duration::from_secs(60);

/// 16-bit code: prints the text behind it, then sends back what it receives.
#[rustfmt::skip]
const ECHO: [u8; 47] = [
    0xfa,             // 00  cli
    0x31, 0xc0,       // 01  xor ax, ax
    0x8e, 0xd8,       // 03  mov ds, ax
    0xbe, 0x2f, 0x7c, // 05  mov si, text
    0xfc,             // 08  cld
    0xac,             // 09  next: lodsb
    0x84, 0xc0,       // 0a  test al, al
    0x74, 0x11,       // 0c  jz echo
    0x88, 0xc4,       // 0e  mov ah, al
    0xba, 0xfd, 0x03, // 10  mov dx, 0x3fd
    0xec,             // 13  wait: in al, dx
    0xa8, 0x20,       // 14  test al, 0x20
    0x74, 0xfb,       // 16  jz wait
    0x88, 0xe0,       // 18  mov al, ah
    0xb2, 0xf8,       // 1a  mov dl, 0xf8
    0xee,             // 1c  out dx, al
    0xeb, 0xea,       // 1d  jmp next
    0xba, 0xfd, 0x03, // 1f  echo: mov dx, 0x3fd
    0xec,             // 22  in al, dx
    0xa8, 0x01,       // 23  test al, 1
    0x74, 0xf8,       // 25  jz echo
    0xb2, 0xf8,       // 27  mov dl, 0xf8
    0xec,             // 29  in al, dx
    0xee,             // 2a  out dx, al
    0xeb, 0xf2,       // 2b  jmp echo
    0x90, 0x90,       // 2d  nop, nop
];

/// 16-bit code: prints `x` for ever.
#[rustfmt::skip]
const FLOOD: [u8; 8] = [
    0xba, 0xf8, 0x03, // mov dx, 0x3f8
    0xb0, b'x',       // mov al, 'x'
    0xee,             // next: out dx, al
    0xeb, 0xfd,       // jmp next
];

fn sector(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.resize(510, 0);
    bytes.extend([0x55, 0xaa]);
    bytes
}

/// A guest that greets and echoes.
pub(crate) fn echo(libvirt: &PrivateLibvirt, number: u128) -> DomainSpec {
    spec(libvirt, number, &sector(&[&ECHO, GREETING.as_bytes()]))
}

/// A guest that never stops printing.
pub(crate) fn flood(libvirt: &PrivateLibvirt, number: u128) -> DomainSpec {
    spec(libvirt, number, &sector(&[&FLOOD]))
}

/// A guest with nothing to start from.
pub(crate) fn empty(libvirt: &PrivateLibvirt, number: u128) -> DomainSpec {
    spec(libvirt, number, &[0; 512])
}

fn spec(libvirt: &PrivateLibvirt, number: u128, disk: &[u8]) -> DomainSpec {
    DomainSpec {
        id: Uuid::from_u128(number),
        name: format!("guest <{number}> & co"),
        vcpus: 1,
        memory: 32 << 20,
        disk: DiskSource::Qcow2(qcow2(&libvirt.path(&format!("{number}")), disk)),
        firmware: GuestFirmware::Bios,
        serial_log: libvirt.path(&format!("{number}.log")),
    }
}

fn qcow2(stem: &Path, content: &[u8]) -> PathBuf {
    let raw = stem.with_extension("raw");
    let disk = stem.with_extension("qcow2");
    fs::write(&raw, content).unwrap();
    // SeaBIOS does not start from a disk of a single sector.
    fs::OpenOptions::new()
        .write(true)
        .open(&raw)
        .unwrap()
        .set_len(1 << 20)
        .unwrap();
    let convert = Cmd::new("qemu-img").args(["convert", "-f", "raw", "-O", "qcow2"]);
    convert
        .arg(raw)
        .arg(&disk)
        .run()
        .expect("qemu-img, from the package qemu-utils, works");
    disk
}

/// Waits until the file has the text.
pub(crate) fn wait_for(log: &Path, text: &str) {
    let has_it = || {
        let content = fs::read(log).unwrap_or_default();
        String::from_utf8_lossy(&content).contains(text)
    };
    eventually(&format!("{text:?} in {}", log.display()), has_it);
}

pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "did not come: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
