//! Writing to a disk by byte offset, and reading back what really arrived.

mod aligned;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, PosixFadviseAdvice, posix_fadvise};

pub use aligned::AlignedBuffer;

/// The unit of large reads and writes.
pub const CHUNK: usize = 4 << 20;

/// A disk, or a file that stands for one, open for writing.
pub trait RawDisk: fmt::Debug + Send {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Writes `length` zero bytes at `offset`.
    fn zero(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let zeros = vec![0; CHUNK.min(usize::try_from(length).unwrap_or(CHUNK))];
        let mut done = 0;
        while done < length {
            let now = zeros
                .len()
                .min(usize::try_from(length - done).unwrap_or(usize::MAX));
            self.write_at(offset + done, &zeros[..now])?;
            done += now as u64;
        }
        Ok(())
    }

    /// Waits until everything written has reached the medium.
    fn sync(&mut self) -> io::Result<()>;

    /// Reads `length` bytes at `offset` from the medium rather than from the
    /// page cache, and hands them over piece by piece.
    fn read_back(
        &mut self,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()>;
}

/// A [`RawDisk`] on this machine.
#[derive(Debug)]
pub(crate) struct SystemDisk {
    path: PathBuf,
    file: File,
}

impl SystemDisk {
    /// Opens the disk for this process alone (`O_EXCL`), so that neither a
    /// mount nor another installer can come in between.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let exclusive = if path.starts_with("/dev") {
            OFlag::O_EXCL.bits()
        } else {
            0
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(exclusive)
            .open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// A second handle that goes around the page cache, where that can be done.
    fn open_direct(&self) -> io::Result<Option<File>> {
        let direct = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_DIRECT.bits())
            .open(&self.path);
        match direct {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl RawDisk for SystemDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn read_back(
        &mut self,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        self.file.sync_data()?;
        let direct = self.open_direct()?;
        if direct.is_none() {
            posix_fadvise(&self.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        }
        read_aligned(direct.as_ref().unwrap_or(&self.file), offset, length, each)
    }
}

/// Reads whole blocks at block boundaries, as direct reads need, and hands over
/// only what was asked for.
fn read_aligned(
    file: &File,
    offset: u64,
    length: u64,
    each: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = AlignedBuffer::new(CHUNK);
    let block = AlignedBuffer::ALIGNMENT as u64;
    let end = offset + length;
    let mut position = offset - offset % block;
    while position < end {
        let wanted = usize::try_from((end - position).next_multiple_of(block))
            .unwrap_or(CHUNK)
            .min(CHUNK);
        let got = file.read_at(&mut buffer.as_mut_slice()[..wanted], position)?;
        let first = offset.saturating_sub(position).min(got as u64) as usize;
        let last = (end - position).min(got as u64) as usize;
        if last <= first {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        each(&buffer.as_slice()[first..last]);
        position += last as u64;
        if position < end && !position.is_multiple_of(block) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
