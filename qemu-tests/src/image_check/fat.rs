//! A reader of FAT file systems that trusts nothing (Microsoft's FAT
//! specification, version 1.03, with long names).

mod directory;
#[cfg(test)]
mod tests;

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};

use crate::write_log::ReadAt;
use directory::{ENTRY, entries_of};

pub use directory::FatEntry;

/// Longer than any directory of ours, in bytes.
const MAX_DIRECTORY: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Bits12,
    Bits16,
    Bits32,
}

/// A FAT file system within a disk.
pub struct Fat<'a> {
    disk: &'a dyn ReadAt,
    place: Range<u64>,
    width: Width,
    /// Bytes of a cluster.
    cluster: u64,
    clusters: u64,
    /// The allocation table, whole.
    table: Vec<u8>,
    data: u64,
    root: Root,
}

/// Where the root directory is.
enum Root {
    /// A fixed stretch, in FAT12 and FAT16.
    Fixed(Range<u64>),
    /// A chain of clusters.
    Chain(u32),
}

impl<'a> Fat<'a> {
    /// Opens the file system at `place` of a disk.
    pub fn open(disk: &'a dyn ReadAt, place: Range<u64>) -> Result<Self> {
        let mut boot = [0; 512];
        disk.read_at(place.start, &mut boot)
            .context("reading the boot sector")?;
        ensure!(boot[510..] == [0x55, 0xaa], "there is no boot sector");
        let small = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
        let large = |at: usize| {
            u64::from(u32::from_le_bytes(
                boot[at..at + 4].try_into().expect("four bytes"),
            ))
        };
        let either = |first: u64, second: u64| if first == 0 { second } else { first };
        let sector = small(11);
        let cluster = sector * u64::from(boot[13]);
        ensure!(
            sector.is_power_of_two() && (512..=4096).contains(&sector) && cluster > 0,
            "its sectors have {sector} bytes, its clusters {cluster}"
        );
        let table_size = either(small(22), large(36)) * sector;
        let table_start = place.start + small(14) * sector;
        let root_start = table_start + u64::from(boot[16]) * table_size;
        let root_size = (small(17) * ENTRY as u64).next_multiple_of(sector);
        let data = root_start + root_size;
        let end = place.start + either(small(19), large(32)) * sector;
        ensure!(
            data < end && end <= place.end && table_size <= 1 << 26,
            "its measures do not fit its partition"
        );
        let clusters = (end - data) / cluster;
        let width = match clusters {
            0..4085 => Width::Bits12,
            4085..65525 => Width::Bits16,
            _ => Width::Bits32,
        };
        let root = match width {
            Width::Bits32 => Root::Chain(u32::try_from(large(44))?),
            _ => Root::Fixed(root_start..data),
        };
        let mut table = vec![0; usize::try_from(table_size)?];
        disk.read_at(table_start, &mut table)
            .context("reading the allocation table")?;
        Ok(Self {
            disk,
            place,
            width,
            cluster,
            clusters,
            table,
            data,
            root,
        })
    }

    /// The content of a file of at most `max` bytes; none when it is absent.
    pub fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>> {
        let Some(entry) = self.find(path)? else {
            return Ok(None);
        };
        ensure!(entry.size <= max, "{path} has {} bytes", entry.size);
        let mut bytes = vec![0; usize::try_from(entry.size)?];
        let mut at = 0;
        for stretch in self.stretches(&entry)? {
            let length = usize::try_from(stretch.end - stretch.start)?;
            self.disk
                .read_at(stretch.start, &mut bytes[at..at + length])
                .with_context(|| format!("reading {path}"))?;
            at += length;
        }
        Ok(Some(bytes))
    }

    /// A file or folder by its path, without regard to case.
    pub fn find(&self, path: &str) -> Result<Option<FatEntry>> {
        let mut entries = self.list_root()?;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let found = entries
                .into_iter()
                .find(|entry| entry.name.eq_ignore_ascii_case(name));
            match found {
                Some(entry) if names.peek().is_none() => return Ok(Some(entry)),
                Some(folder) if folder.is_folder => entries = self.list(&folder)?,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Where a file's content lies on the disk, in bytes, in its order.
    pub fn stretches(&self, entry: &FatEntry) -> Result<Vec<Range<u64>>> {
        let mut stretches: Vec<Range<u64>> = Vec::new();
        let mut left = entry.size;
        let mut chain = Chain::new(self, entry.first);
        while left > 0 {
            let cluster = chain
                .next()
                .with_context(|| format!("{} is shorter than its size", entry.name))??;
            let start = self.start_of(cluster);
            let length = left.min(self.cluster);
            match stretches.last_mut() {
                Some(last) if last.end == start => last.end += length,
                _ => stretches.push(start..start + length),
            }
            left -= length;
        }
        Ok(stretches)
    }

    /// The entries of the root folder.
    pub fn list_root(&self) -> Result<Vec<FatEntry>> {
        match &self.root {
            Root::Chain(first) => self.list_chain(*first),
            Root::Fixed(place) => {
                let mut bytes = vec![0; usize::try_from(place.end - place.start)?];
                self.disk.read_at(place.start, &mut bytes)?;
                Ok(entries_of(&bytes))
            }
        }
    }

    /// The entries of a folder.
    pub fn list(&self, folder: &FatEntry) -> Result<Vec<FatEntry>> {
        self.list_chain(folder.first)
    }

    fn list_chain(&self, first: u32) -> Result<Vec<FatEntry>> {
        let mut bytes = Vec::new();
        for cluster in Chain::new(self, first) {
            let mut piece = vec![0; usize::try_from(self.cluster)?];
            self.disk.read_at(self.start_of(cluster?), &mut piece)?;
            bytes.append(&mut piece);
            ensure!((bytes.len() as u64) < MAX_DIRECTORY, "a folder has no end");
        }
        Ok(entries_of(&bytes))
    }

    fn start_of(&self, cluster: u32) -> u64 {
        self.data + (u64::from(cluster) - 2) * self.cluster
    }

    /// What the table says of a cluster: the next one, or none at the end.
    fn follow(&self, cluster: u32) -> Result<Option<u32>> {
        let index = cluster as usize;
        let at = |at: usize| self.table.get(at).copied().map(u32::from);
        let byte = |offset| at(offset).context("the allocation table is too short");
        let (value, end) = match self.width {
            Width::Bits12 => {
                let from = index + index / 2;
                let pair = byte(from)? | byte(from + 1)? << 8;
                (
                    if index.is_multiple_of(2) {
                        pair & 0xfff
                    } else {
                        pair >> 4
                    },
                    0xff8,
                )
            }
            Width::Bits16 => (byte(2 * index)? | byte(2 * index + 1)? << 8, 0xfff8),
            Width::Bits32 => {
                let low = byte(4 * index)? | byte(4 * index + 1)? << 8;
                let high = byte(4 * index + 2)? | byte(4 * index + 3)? << 8;
                ((low | high << 16) & 0x0fff_ffff, 0x0fff_fff8)
            }
        };
        Ok((value < end).then_some(value))
    }
}

impl std::fmt::Debug for Fat<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fat")
            .field("place", &self.place)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// The clusters of a file, in their order.
struct Chain<'a> {
    fat: &'a Fat<'a>,
    next: Option<u32>,
    seen: u64,
}

impl<'a> Chain<'a> {
    fn new(fat: &'a Fat<'a>, first: u32) -> Self {
        Self {
            fat,
            next: Some(first).filter(|first| *first != 0),
            seen: 0,
        }
    }

    fn step(&mut self, cluster: u32) -> Result<u32> {
        self.seen += 1;
        let known = (2..self.fat.clusters + 2).contains(&u64::from(cluster));
        if !known {
            bail!("a chain leads to cluster {cluster}, which does not exist");
        }
        ensure!(self.seen <= self.fat.clusters, "a chain has no end");
        self.next = self.fat.follow(cluster)?;
        Ok(cluster)
    }
}

impl Iterator for Chain<'_> {
    type Item = Result<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        let cluster = self.next.take()?;
        Some(self.step(cluster))
    }
}
