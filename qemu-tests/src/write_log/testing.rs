//! Logs made by hand.

use std::fs;
use std::path::{Path, PathBuf};

use super::SECTOR;

const S: usize = SECTOR as usize;

/// A log made by hand.
pub(crate) struct Hand {
    bytes: Vec<u8>,
    count: u64,
}

impl Hand {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; S],
            count: 0,
        }
    }

    pub(crate) fn entry(mut self, sector: u64, sectors: u64, flags: u64, data: &[u8]) -> Self {
        let start = self.bytes.len();
        self.bytes.resize(start + S, 0);
        let length = data.len() as u64;
        for (index, value) in [sector, sectors, flags, length].into_iter().enumerate() {
            let at = start + 8 * index;
            self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        self.bytes.extend_from_slice(data);
        self.count += 1;
        self
    }

    /// Sectors filled with these bytes.
    pub(crate) fn write(self, sector: u64, marks: &[u8]) -> Self {
        let data: Vec<u8> = marks.iter().flat_map(|mark| vec![*mark; S]).collect();
        self.data(sector, &data)
    }

    /// Whole sectors.
    pub(crate) fn data(self, sector: u64, data: &[u8]) -> Self {
        self.entry(sector, data.len() as u64 / SECTOR, 0, data)
    }

    pub(crate) fn flush(self) -> Self {
        self.entry(0, 0, 1, &[])
    }

    pub(crate) fn discard(self, sector: u64, sectors: u64) -> Self {
        self.entry(sector, sectors, 4, &[])
    }

    pub(crate) fn save(mut self, dir: &Path) -> PathBuf {
        let magic = 0x006a_7366_7773_6872_u64;
        for (at, value) in [(0, magic), (8, 1), (16, self.count), (24, SECTOR)] {
            self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        let path = dir.join("log");
        fs::write(&path, self.bytes).expect("written");
        path
    }
}
