//! A disk of which only the two ends exist.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::TABLE_AREA;

/// Reads zeros and refuses writes between its two ends.
#[derive(Debug)]
pub(super) struct SparseImage {
    size: u64,
    position: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl SparseImage {
    pub(super) fn new(size: u64) -> Self {
        let area = TABLE_AREA as usize;
        // A little more than the area: the alignment of the last partition
        // leaves up to that much behind it, in front of the table.
        Self {
            size,
            position: 0,
            head: vec![0; area],
            tail: vec![0; area * 2],
        }
    }

    /// The beginning, and offset and bytes of the end.
    pub(super) fn into_parts(self) -> (Vec<u8>, (u64, Vec<u8>)) {
        let start = self.tail_start();
        (self.head, (start, self.tail))
    }

    fn tail_start(&self) -> u64 {
        self.size - self.tail.len() as u64
    }

    /// The bytes of one end from the present position on.
    fn here(&mut self) -> Option<&mut [u8]> {
        let (at, tail) = (self.position, self.tail_start());
        if at < self.head.len() as u64 {
            Some(&mut self.head[at as usize..])
        } else if (tail..self.size).contains(&at) {
            Some(&mut self.tail[(at - tail) as usize..])
        } else {
            None
        }
    }
}

impl Read for SparseImage {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (at, tail, size) = (self.position, self.tail_start(), self.size);
        let count = match self.here() {
            Some(bytes) => {
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                count
            }
            None => {
                let zeros = if at < tail {
                    tail - at
                } else {
                    size.saturating_sub(at)
                };
                let count = buffer
                    .len()
                    .min(usize::try_from(zeros).unwrap_or(usize::MAX));
                buffer[..count].fill(0);
                count
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Write for SparseImage {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let at = self.position;
        let Some(bytes) = self.here() else {
            return Err(io::Error::other(format!(
                "nothing of a partition table belongs at byte {at}"
            )));
        };
        let count = bytes.len().min(buffer.len());
        bytes[..count].copy_from_slice(&buffer[..count]);
        self.position += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SparseImage {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
