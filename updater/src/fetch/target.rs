//! The place that a part is put into: a file or a block device.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};

use super::FetchError;

/// A place of which the first `size` bytes, and no others, are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    file: &'a File,
    size: u64,
}

impl<'a> Target<'a> {
    /// The place for a part of `size` bytes. A regular file is cut to that
    /// size; a device must have room.
    pub(super) fn new(file: &'a File, size: u64) -> Result<Self, FetchError> {
        let fail = |source| FetchError::Target {
            what: "open the target",
            source,
        };
        let meta = file.metadata().map_err(fail)?;
        if meta.file_type().is_block_device() {
            let mut device = file;
            let room = device.seek(SeekFrom::End(0)).map_err(fail)?;
            if room < size {
                return Err(FetchError::NoRoom { size, room });
            }
        } else if meta.len() > size {
            file.set_len(size).map_err(fail)?;
        }
        Ok(Self { file, size })
    }

    /// Writes `bytes` at `offset`; never beyond the part.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::Error::other("a write beyond the part was prevented"));
        }
        self.file.write_all_at(bytes, offset)
    }

    /// Fills `bytes` from `offset`; false where the target ends before.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<bool, FetchError> {
        match self.file.read_exact_at(bytes, offset) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(source) => Err(FetchError::Target {
                what: "read what was written",
                source,
            }),
        }
    }

    /// Waits until everything written is on the medium.
    pub(super) fn sync(&self) -> Result<(), FetchError> {
        self.file.sync_data().map_err(|source| FetchError::Target {
            what: "wait for the medium",
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_the_part_is_written() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(100).unwrap();
        let target = Target::new(&file, 10).unwrap();
        target.write(0, &[1; 10]).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 10);
        for (offset, length) in [(1, 10), (10, 1), (u64::MAX, 2)] {
            assert!(target.write(offset, &vec![2; length]).is_err(), "{offset}");
        }
        let mut bytes = [0; 10];
        assert!(target.read(0, &mut bytes).unwrap());
        assert_eq!(bytes, [1; 10]);
        assert!(!target.read(1, &mut bytes).unwrap());
    }
}
