//! A guest of 512 bytes: prints a word on the first serial port and switches
//! its machine off.

/// What the guest prints.
pub(super) const MESSAGE: &[u8] = b"MEGH-PROBE-OK";

/// 16-bit code, loaded by the BIOS at 0x7c00.
#[rustfmt::skip]
const CODE: [u8; 41] = [
    0xfa,             // 00  cli
    0x31, 0xc0,       // 01  xor ax, ax
    0x8e, 0xd8,       // 03  mov ds, ax
    0xbe, 0x29, 0x7c, // 05  mov si, message
    0xfc,             // 08  cld
    0xac,             // 09  next: lodsb
    0x84, 0xc0,       // 0a  test al, al
    0x74, 0x11,       // 0c  jz off
    0x88, 0xc4,       // 0e  mov ah, al
    0xba, 0xfd, 0x03, // 10  mov dx, 0x3fd        line status
    0xec,             // 13  wait: in al, dx
    0xa8, 0x20,       // 14  test al, 0x20        room for a byte?
    0x74, 0xfb,       // 16  jz wait
    0x88, 0xe0,       // 18  mov al, ah
    0xb2, 0xf8,       // 1a  mov dl, 0xf8         data
    0xee,             // 1c  out dx, al
    0xeb, 0xea,       // 1d  jmp next
    0xba, 0x04, 0x06, // 1f  off: mov dx, 0x604   q35: ACPI control
    0xb8, 0x00, 0x20, // 22  mov ax, 0x2000       sleep state 5, now
    0xef,             // 25  out dx, ax
    0xf4,             // 26  stop: hlt
    0xeb, 0xfd,       // 27  jmp stop
];

/// The sector.
pub(super) fn sector() -> [u8; 512] {
    let mut sector = [0; 512];
    sector[..CODE.len()].copy_from_slice(&CODE);
    sector[CODE.len()..CODE.len() + MESSAGE.len()].copy_from_slice(MESSAGE);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}
