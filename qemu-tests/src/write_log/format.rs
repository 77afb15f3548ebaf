//! The log's form: that of the Linux kernel's dm-log-writes target
//! (Documentation/admin-guide/device-mapper/log-writes.rst and
//! drivers/md/dm-log-writes.c). All numbers are little-endian.
//!
//! Sector 0 is the super block: magic, version, number of entries (each 64
//! bits), sector size (32 bits). Entries follow, each one sector with its head
//! (first sector, count of sectors, flags, length of its data; 64 bits each),
//! then, for writes, the data.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, bail, ensure};

use super::SECTOR;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const VERSION: u64 = 1;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
const MARK: u64 = 8;

/// What an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Data; when `durable` (forced unit access), on the disk once it is done.
    Write {
        /// Whether it needs no flush.
        durable: bool,
    },
    /// The content may be forgotten.
    Discard,
    /// All writes before are on the disk once it is done.
    Flush,
    /// A remark of whoever recorded.
    Mark,
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// First sector of the disk.
    pub sector: u64,
    /// Count of sectors.
    pub sectors: u64,
    /// Where its data begins in the log, in bytes.
    pub data: u64,
    /// Where the next entry begins in the log, in bytes.
    pub end: u64,
}

/// Reads all entries that the super block counts.
pub(super) fn read_entries(file: &File) -> Result<Vec<Entry>> {
    let mut head = [0; 28];
    file.read_exact_at(&mut head, 0)
        .context("it has no super block")?;
    ensure!(number(&head, 0) == MAGIC, "it is not a write log");
    let version = number(&head, 8);
    ensure!(
        version == VERSION,
        "its version is {version}, not {VERSION}"
    );
    let sector = u64::from(u32::from_le_bytes(head[24..28].try_into()?));
    ensure!(
        sector == SECTOR,
        "its sectors have {sector} bytes, not {SECTOR}"
    );
    let count = number(&head, 16);
    let length = file.metadata().context("its length")?.len();
    let mut entries = Vec::new();
    let mut at = SECTOR;
    for index in 0..count {
        let entry = read_entry(file, at, length).with_context(|| format!("entry {index}"))?;
        at = entry.end;
        entries.push(entry);
    }
    Ok(entries)
}

fn read_entry(file: &File, at: u64, length: u64) -> Result<Entry> {
    let mut head = [0; 32];
    file.read_exact_at(&mut head, at)
        .context("the log ends before it")?;
    let [sector, sectors, flags, data_length] = [0, 8, 16, 24].map(|offset| number(&head, offset));
    let kind = match flags {
        flags if flags & MARK != 0 => EntryKind::Mark,
        flags if flags & DISCARD != 0 => EntryKind::Discard,
        flags if flags & FLUSH != 0 && sectors == 0 => EntryKind::Flush,
        flags if flags & !(FLUSH | FUA) == 0 => EntryKind::Write {
            durable: flags & FUA != 0,
        },
        flags => bail!("flags {flags:#x} are not known"),
    };
    // The head of a mark is followed by its text inside the same sector.
    let stored = match kind {
        EntryKind::Write { .. } => sectors
            .checked_mul(SECTOR)
            .context("its count of sectors is absurd")?,
        _ => 0,
    };
    let data = at + SECTOR;
    let end = data
        .checked_add(stored)
        .filter(|end| *end <= length)
        .context("the log ends inside it")?;
    ensure!(
        sector.checked_add(sectors).is_some(),
        "its place on the disk is absurd"
    );
    ensure!(
        data_length == 0 || kind == EntryKind::Mark || data_length == stored,
        "its data has {data_length} bytes, its sectors {stored}"
    );
    Ok(Entry {
        kind,
        sector,
        sectors,
        data,
        end,
    })
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
