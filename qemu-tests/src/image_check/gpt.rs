//! The partition table, in its two copies (UEFI specification 2.10, chapter 5.3).

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, ensure};

use crate::write_log::{ReadAt, SECTOR};

const SIGNATURE: &[u8] = b"EFI PART";
/// Length of the header that its checksum covers, at least.
const HEADER: usize = 92;
/// More than any table of ours.
const MAX_ENTRIES: usize = 256;

/// Where the partitions are, in bytes, by their names.
pub(super) type Partitions = BTreeMap<String, Range<u64>>;

/// What the two copies say.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) primary: Result<Partitions>,
    pub(super) backup: Result<Partitions>,
}

/// Reads both copies.
pub(super) fn read(disk: &dyn ReadAt) -> Table {
    let last = (disk.size() / SECTOR).saturating_sub(1);
    Table {
        primary: read_copy(disk, 1),
        backup: read_copy(disk, last),
    }
}

fn read_copy(disk: &dyn ReadAt, sector: u64) -> Result<Partitions> {
    let mut header = vec![0; 512];
    disk.read_at(sector * SECTOR, &mut header)
        .context("reading the header")?;
    ensure!(header.starts_with(SIGNATURE), "it has no signature");
    let length = number32(&header, 12) as usize;
    ensure!(
        (HEADER..=header.len()).contains(&length),
        "its header is {length} bytes long"
    );
    let sum = number32(&header, 16);
    header[16..20].fill(0);
    ensure!(
        crc32(&header[..length]) == sum,
        "its header's checksum is wrong"
    );
    ensure!(number64(&header, 24) == sector, "its header is elsewhere");
    let (count, size) = (
        number32(&header, 80) as usize,
        number32(&header, 84) as usize,
    );
    ensure!(
        count <= MAX_ENTRIES && (128..=512).contains(&size),
        "it has {count} entries of {size} bytes"
    );
    let mut entries = vec![0; count * size];
    disk.read_at(number64(&header, 72) * SECTOR, &mut entries)
        .context("reading the entries")?;
    ensure!(
        crc32(&entries) == number32(&header, 88),
        "the checksum of its entries is wrong"
    );
    Ok(entries.chunks(size).filter_map(partition).collect())
}

/// Name and place of an entry that is in use.
fn partition(entry: &[u8]) -> Option<(String, Range<u64>)> {
    if entry[..16].iter().all(|byte| *byte == 0) {
        return None;
    }
    let units = entry[56..128]
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0);
    let name = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .collect();
    let start = number64(entry, 32) * SECTOR;
    let end = (number64(entry, 40) + 1) * SECTOR;
    Some((name, start..end))
}

fn number32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn number64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// CRC-32 of ISO 3309, as the table has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
