//! Formats that are recognised in order to be refused by name.

/// Where the bytes of a signature are looked for.
enum Place {
    Head(usize),
    Tail(usize),
}

/// What to do about a file of a refused kind.
enum Remedy {
    Convert,
    Unpack,
}

struct Signature {
    bytes: &'static [u8],
    place: Place,
    name: &'static str,
    remedy: Remedy,
}

const fn disk(place: Place, bytes: &'static [u8], name: &'static str) -> Signature {
    Signature {
        bytes,
        place,
        name,
        remedy: Remedy::Convert,
    }
}

const fn packed(at: usize, bytes: &'static [u8], name: &'static str) -> Signature {
    Signature {
        bytes,
        place: Place::Head(at),
        name,
        remedy: Remedy::Unpack,
    }
}

const SIGNATURES: &[Signature] = &[
    disk(Place::Head(0), b"KDMV", "VMDK"),
    disk(Place::Head(0), b"COWD", "VMDK"),
    disk(Place::Head(0), b"# Disk DescriptorFile", "VMDK"),
    disk(Place::Head(0x40), &[0x7f, 0x10, 0xda, 0xbe], "VDI"),
    disk(Place::Head(0), b"vhdxfile", "VHDX"),
    disk(Place::Head(0), b"conectix", "VHD"),
    disk(Place::Tail(512), b"conectix", "VHD"),
    disk(Place::Head(0), b"QED\0", "QED"),
    disk(Place::Head(0), b"WithoutFreeSpace", "Parallels"),
    disk(Place::Head(0), b"WithouFreSpacExt", "Parallels"),
    disk(Place::Tail(512), b"koly", "DMG"),
    packed(0, &[0x1f, 0x8b], "gzip"),
    packed(0, &[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    packed(0, b"BZh", "bzip2"),
    packed(0, &[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    packed(0, &[0x04, 0x22, 0x4d, 0x18], "lz4"),
    packed(0, b"PK\x03\x04", "zip"),
    packed(0, &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c], "7z"),
    packed(0, b"Rar!\x1a\x07", "RAR"),
    packed(257, b"ustar", "tar (or OVA)"),
];

/// Why a file that begins with `head` and ends with `tail` is refused, if it
/// is of a kind that is known and not taken.
pub(super) fn refusal(head: &[u8], tail: &[u8]) -> Option<String> {
    let found = SIGNATURES
        .iter()
        .find(|signature| signature.matches(head, tail))?;
    let name = found.name;
    Some(match found.remedy {
        Remedy::Convert => {
            format!("it is a {name} disk image; convert it with `qemu-img convert -O qcow2`")
        }
        Remedy::Unpack => format!("it is packed with {name}; unpack it and send what is inside"),
    })
}

impl Signature {
    fn matches(&self, head: &[u8], tail: &[u8]) -> bool {
        let found = match self.place {
            Place::Head(at) => head.get(at..),
            Place::Tail(from_end) => tail.len().checked_sub(from_end).map(|at| &tail[at..]),
        };
        found.is_some_and(|bytes| bytes.starts_with(self.bytes))
    }
}
