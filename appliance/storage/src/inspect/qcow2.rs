//! The header of a qcow2 file, as far as it decides whether the file is safe
//! to open. Layout: QEMU's `docs/interop/qcow2.rst`.

/// First bytes of every qcow2 file.
pub(super) const MAGIC: &[u8] = b"QFI\xfb";

/// Incompatible features whose meaning is known and harmless: dirty reference
/// counts, compression type, extended L2 entries.
const HARMLESS_FEATURES: u64 = 1 << 0 | 1 << 3 | 1 << 4;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA_FILE: u64 = 1 << 2;

const EXTENSION_END: u32 = 0;
const EXTENSION_ENCRYPTION: u32 = 0x0537_be77;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;

const VERSION_2_HEADER: usize = 72;
const VERSION_3_HEADER: usize = 104;

/// What is kept of a header that was found safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Size in bytes of the disk inside.
    pub(super) virtual_size: u64,
}

/// Why a qcow2 file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("its qcow2 header is cut off")]
    CutOff,
    #[error("it is qcow version {0}; versions 2 and 3 are taken")]
    Version(u32),
    #[error(
        "it is a qcow2 file with a backing file, so only a part of a disk; \
         flatten it with `qemu-img convert -O qcow2`"
    )]
    BackingFile,
    #[error(
        "it is a qcow2 file whose data is in another file; \
         make one file with `qemu-img convert -O qcow2`"
    )]
    DataFile,
    #[error("it is an encrypted qcow2 file; decrypt it with `qemu-img convert`")]
    Encrypted,
    #[error("its qcow2 header says that it is corrupt; repair it with `qemu-img check -r all`")]
    Corrupt,
    #[error("it uses qcow2 features that are not known here (bits {0:#x})")]
    UnknownFeatures(u64),
    #[error("its qcow2 header makes no sense: {0}")]
    Malformed(&'static str),
}

/// Reads the header at the start of a qcow2 file. `bytes` is the beginning of
/// the file, whole if the file is short.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, Refusal> {
    let reader = Reader(bytes);
    if !bytes.starts_with(MAGIC) {
        return Err(Refusal::Malformed("magic"));
    }
    let version = reader.u32(4)?;
    if !matches!(version, 2 | 3) {
        return Err(Refusal::Version(version));
    }
    if reader.u64(8)? != 0 || reader.u32(16)? != 0 {
        return Err(Refusal::BackingFile);
    }
    let cluster_bits = reader.u32(20)?;
    if !(9..=21).contains(&cluster_bits) {
        return Err(Refusal::Malformed("cluster size"));
    }
    let virtual_size = reader.u64(24)?;
    if reader.u32(32)? != 0 {
        return Err(Refusal::Encrypted);
    }
    let header_length = if version == 2 {
        VERSION_2_HEADER
    } else {
        check_version_3(reader)?
    };
    if header_length > 1 << cluster_bits {
        return Err(Refusal::Malformed("header length"));
    }
    // The first cluster holds the header and nothing else; extensions end in it.
    let first_cluster = &bytes[..bytes.len().min(1 << cluster_bits)];
    check_extensions(Reader(first_cluster), header_length)?;
    Ok(Header { virtual_size })
}

/// Checks what version 3 adds; answers the header's length.
fn check_version_3(reader: Reader<'_>) -> Result<usize, Refusal> {
    let features = reader.u64(72)?;
    if features & EXTERNAL_DATA_FILE != 0 {
        return Err(Refusal::DataFile);
    }
    if features & CORRUPT != 0 {
        return Err(Refusal::Corrupt);
    }
    let unknown = features & !HARMLESS_FEATURES;
    if unknown != 0 {
        return Err(Refusal::UnknownFeatures(unknown));
    }
    let length = reader.u32(100)? as usize;
    if length < VERSION_3_HEADER || !length.is_multiple_of(8) {
        return Err(Refusal::Malformed("header length"));
    }
    Ok(length)
}

fn check_extensions(reader: Reader<'_>, start: usize) -> Result<(), Refusal> {
    let mut at = start;
    // A file may end right after its header, or extensions fill the cluster.
    while at + 8 <= reader.0.len() {
        let length = reader.u32(at + 4)? as usize;
        match reader.u32(at)? {
            EXTENSION_END => return Ok(()),
            EXTENSION_DATA_FILE => return Err(Refusal::DataFile),
            EXTENSION_ENCRYPTION => return Err(Refusal::Encrypted),
            _ if length > reader.0.len() => return Err(Refusal::Malformed("extension length")),
            _ => at += 8 + length.next_multiple_of(8),
        }
    }
    Ok(())
}

/// Big-endian numbers at offsets that may not be there.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(self, at: usize) -> Result<[u8; N], Refusal> {
        self.0
            .get(at..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .ok_or(Refusal::CutOff)
    }

    fn u32(self, at: usize) -> Result<u32, Refusal> {
        self.array(at).map(u32::from_be_bytes)
    }

    fn u64(self, at: usize) -> Result<u64, Refusal> {
        self.array(at).map(u64::from_be_bytes)
    }
}
