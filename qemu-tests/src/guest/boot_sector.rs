//! The smallest guest: one sector that greets on the serial port for ever and
//! echoes what is typed there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What the guest prints, once a second.
pub const GREETING: &str = "MEGHOS GUEST SAYS HELLO";

/// Where BIOS loads a boot sector.
const ORIGIN: u16 = 0x7c00;
/// Size of a boot sector.
const SECTOR: usize = 512;
/// Size of the disk around it.
const DISK: usize = 1 << 20;
/// Offset of the address of the greeting in [`CODE`].
const GREETING_ADDRESS_AT: usize = 0x1f;

/// The program, in 16-bit real mode. COM1 is at 0x3f8, its line status at 0x3fd.
#[rustfmt::skip]
const CODE: &[u8] = &[
    // 00: an even world
    0xfa,                   // cli
    0x31, 0xc0,             // xor ax, ax
    0x8e, 0xd8,             // mov ds, ax
    0x8e, 0xd0,             // mov ss, ax
    0xbc, 0x00, 0x7c,       // mov sp, 0x7c00
    0xfb,                   // sti
    0xfc,                   // cld
    // 0c: COM1 at 115200 baud, 8N1
    0xba, 0xfb, 0x03,       // mov dx, 0x3fb     line control
    0xb0, 0x80, 0xee,       // mov al, 0x80; out dx, al
    0xba, 0xf8, 0x03,       // mov dx, 0x3f8     divisor, low byte
    0xb0, 0x01, 0xee,       // mov al, 1; out dx, al
    0xba, 0xfb, 0x03,       // mov dx, 0x3fb
    0xb0, 0x03, 0xee,       // mov al, 3; out dx, al
    // 1e: greet
    0xbe, 0x00, 0x00,       // mov si, greeting  the address is filled in
    // 21: print until the zero byte
    0xac,                   // lodsb
    0x84, 0xc0,             // test al, al
    0x74, 0x05,             // jz 2b
    0xe8, 0x23, 0x00,       // call 4c           print
    0xeb, 0xf6,             // jmp 21
    // 2b: for 18 ticks of the BIOS clock, one second,
    0xb9, 0x12, 0x00,       // mov cx, 18
    // 2e:
    0x8b, 0x1e, 0x6c, 0x04, // mov bx, [0x46c]   the tick that is now
    // 32: echo what is typed
    0xba, 0xfd, 0x03,       // mov dx, 0x3fd
    0xec,                   // in al, dx
    0xa8, 0x01,             // test al, 1        data ready
    0x74, 0x07,             // jz 41
    0xba, 0xf8, 0x03,       // mov dx, 0x3f8
    0xec,                   // in al, dx
    0xe8, 0x0b, 0x00,       // call 4c           print
    // 41: and rest until the clock ticks
    0xf4,                   // hlt
    0x3b, 0x1e, 0x6c, 0x04, // cmp bx, [0x46c]
    0x74, 0xea,             // je 32
    0xe2, 0xe4,             // loop 2e
    0xeb, 0xd2,             // jmp 1e            greet again
    // 4c: print al as soon as the port takes it
    0x50,                   // push ax
    0xba, 0xfd, 0x03,       // mov dx, 0x3fd
    0xec,                   // in al, dx
    0xa8, 0x20,             // test al, 0x20     transmitter empty
    0x74, 0xfb,             // jz 50
    0x58,                   // pop ax
    0xba, 0xf8, 0x03,       // mov dx, 0x3f8
    0xee,                   // out dx, al
    0xc3,                   // ret
];

/// Writes the guest's disk, raw, into `dir`.
pub fn boot_sector_disk(dir: &Path) -> Result<PathBuf> {
    let path = dir.join("boot-sector.raw");
    fs::write(&path, disk()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn disk() -> Vec<u8> {
    let mut disk = vec![0; DISK];
    disk[..CODE.len()].copy_from_slice(CODE);
    let address = ORIGIN + CODE.len() as u16;
    disk[GREETING_ADDRESS_AT..][..2].copy_from_slice(&address.to_le_bytes());
    let greeting = format!("{GREETING}\r\n\0");
    disk[CODE.len()..][..greeting.len()].copy_from_slice(greeting.as_bytes());
    disk[SECTOR - 2..SECTOR].copy_from_slice(&[0x55, 0xaa]);
    disk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greeting_and_mark_fit_into_the_sector() {
        let disk = disk();
        assert_eq!(disk.len(), DISK);
        assert_eq!(&disk[510..512], &[0x55, 0xaa]);
        assert_eq!(
            disk[GREETING_ADDRESS_AT - 1],
            0xbe,
            "the address belongs to `mov si`"
        );
        assert!(CODE.len() + GREETING.len() + 3 <= 510);
    }
}
