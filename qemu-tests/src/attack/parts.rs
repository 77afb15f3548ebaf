//! Attacks on what the manifest lists.

use megh_model::release::PartKind;

use super::draft::{CHUNKS, Draft, OFFERED, part};
use super::{Attack, on};

fn file(kind: PartKind) -> String {
    part(OFFERED, kind)
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Attack> {
    vec![
        on("bit flipped in the root", "part-damaged", |d| d.flip(&file(PartKind::Root))),
        on("bit flipped in the kernel image", "part-damaged", |d| d.flip(&file(PartKind::Uki))),
        on("bit flipped in the kernel", "part-damaged", |d| d.flip(&file(PartKind::Kernel))),
        on("bit flipped in the initrd", "part-damaged", |d| d.flip(&file(PartKind::Initrd))),
        on("bit flipped in the slot's variables", "part-damaged", |d| d.flip(&file(PartKind::SlotEnv))),
        on("bit flipped in shim", "part-damaged", |d| d.flip(&file(PartKind::Shim))),
        on("bit flipped in GRUB", "part-damaged", |d| d.flip(&file(PartKind::GrubEfi))),
        on("bit flipped in GRUB for BIOS", "part-damaged", |d| d.flip(&file(PartKind::BiosCore))),
        on("truncated root", "too-short", |d| d.spoil(&file(PartKind::Root), |b| b.truncate(1000))),
        on("truncated kernel image", "too-short", |d| d.spoil(&file(PartKind::Uki), |b| b.truncate(1000))),
        on("extended root", "too-long", |d| d.spoil(&file(PartKind::Root), |b| b.push(0))),
        on("extended kernel image", "too-long", |d| d.spoil(&file(PartKind::Uki), |b| b.push(0))),
        on("kernel and initrd swapped", "part-damaged", |d| d.swap(&file(PartKind::Kernel), &file(PartKind::Initrd))),
        on("kernel of another release", "part-damaged", |d| d.swap(&file(PartKind::Kernel), "0.0.1/kernel")),
        on("a part that is not there", "not-found", |d| d.remove(&file(PartKind::Initrd))),
        // The parts are in order until here, so that the root's common middle is on the disk.
        on("bit flipped in a chunk of the root", "chunk-damaged", |d| { d.chunk(); d.spoil(&file(PartKind::Root), |b| b[5] ^= 1); }),
        on("bits flipped in the chunk index and the root", "part-damaged", |d| { d.chunk(); d.flip(CHUNKS); d.flip(&file(PartKind::Root)); }),
        on("root that ends inside a chunk", "range-wrong", |d: &mut Draft| { d.chunk(); d.spoil(&file(PartKind::Root), |b| b.truncate((1 << 20) - 7)); }),
    ]
}
