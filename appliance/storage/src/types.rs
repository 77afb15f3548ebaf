//! What is said about images, volumes and the pool.

use std::path::PathBuf;

/// What an uploaded file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// A disk as it is, byte for byte.
    Raw,
    /// QEMU's copy-on-write format, without backing or data file.
    Qcow2,
}

impl ImageFormat {
    /// QEMU's name of the format.
    pub fn qemu_name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// What is known of an image file after looking inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// Its format.
    pub format: ImageFormat,
    /// Size in bytes of the disk inside.
    pub virtual_size: u64,
}

/// Where a volume can be opened by a hypervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeSource {
    /// A raw block device.
    Block(PathBuf),
    /// A qcow2 file.
    Qcow2(PathBuf),
}

/// Space in the pool, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// All of it.
    pub total: u64,
    /// What is free.
    pub free: u64,
}
