//! Looking inside an uploaded file, by its content only.

mod qcow2;
mod signature;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use megh_model::vm::MAX_DISK;
use uuid::Uuid;

use crate::{ImageFormat, ImageInfo, StorageError};

/// Bytes at the start of a file that are looked at: all signatures, and the
/// header of a qcow2 file with its extensions.
const HEAD: usize = 64 << 10;
/// Bytes at the end of a file that are looked at.
const TAIL: u64 = 512;

/// Looks inside an uploaded file. Raw disks and self-contained qcow2 files are
/// taken; everything else is refused with a reason and a way out.
pub fn inspect_file(image: Uuid, path: &Path) -> Result<ImageInfo, StorageError> {
    let sample = Sample::read(path).map_err(|e| StorageError::failed("read image", image, e))?;
    recognise(&sample).map_err(|reason| StorageError::Refused { id: image, reason })
}

/// The parts of a file that decide what it is.
struct Sample {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
}

impl Sample {
    fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        let size = metadata.len();
        let part = |from: u64, length: u64| {
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, from).map(|()| bytes)
        };
        let tail = size.min(TAIL);
        Ok(Self {
            head: part(0, size.min(HEAD as u64))?,
            tail: part(size - tail, tail)?,
            size,
        })
    }
}

fn recognise(sample: &Sample) -> Result<ImageInfo, String> {
    if sample.size == 0 {
        return Err("the file is empty".into());
    }
    let info = if sample.head.starts_with(qcow2::MAGIC) {
        let header = qcow2::parse(&sample.head).map_err(|e| e.to_string())?;
        ImageInfo {
            format: ImageFormat::Qcow2,
            virtual_size: header.virtual_size,
        }
    } else if let Some(refusal) = signature::refusal(&sample.head, &sample.tail) {
        return Err(refusal);
    } else {
        ImageInfo {
            format: ImageFormat::Raw,
            virtual_size: sample.size,
        }
    };
    check_size(info.virtual_size)?;
    Ok(info)
}

fn check_size(virtual_size: u64) -> Result<(), String> {
    if virtual_size == 0 {
        return Err("the disk inside has no bytes".into());
    }
    if !virtual_size.is_multiple_of(512) {
        return Err(format!(
            "the disk inside has {virtual_size} bytes, which is not a multiple of 512: \
             the file is cut off or no disk image"
        ));
    }
    if virtual_size > MAX_DISK {
        return Err(format!(
            "the disk inside has {virtual_size} bytes; at most {MAX_DISK} are possible"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
