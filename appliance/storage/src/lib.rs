//! Images and volumes: the trait that the control plane uses, its LVM-thin and
//! directory drivers, and a fake for tests.
//!
//! Every call blocks; callers on an async runtime use a blocking thread.
//! Every changing call is idempotent: doing what is already done succeeds.

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// What an uploaded file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// A disk as it is, byte for byte.
    Raw,
    /// QEMU's copy-on-write format, without backing or data file.
    Qcow2,
}

/// What is known of an image file after looking inside.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What went wrong, with the object it happened to.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The uploaded file is no disk image that this pool takes.
    #[error("image {id} is refused: {reason}")]
    Refused {
        /// The image.
        id: Uuid,
        /// Why, in a sentence a user understands.
        reason: String,
    },
    /// The image or volume does not exist.
    #[error("{0} does not exist in the pool")]
    NotFound(Uuid),
    /// There is not enough room.
    #[error("the pool has {free} bytes free, {needed} are needed")]
    NoSpace {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A tool or a system call failed.
    #[error("cannot {action} {id}: {cause}")]
    Failed {
        /// What was tried, as a verb.
        action: &'static str,
        /// The image or volume.
        id: Uuid,
        /// What the tool said.
        cause: String,
    },
}

/// A pool of images and volumes.
pub trait Pool: Send + Sync {
    /// Where the upload of an image is to be written; on the pool's own file system.
    fn upload_path(&self, image: Uuid) -> PathBuf;
    /// Looks inside an uploaded file; refuses what could read other files of
    /// the host or is no disk image.
    fn inspect(&self, image: Uuid, upload: &Path) -> Result<ImageInfo, StorageError>;
    /// Makes the uploaded file the pool's read-only image `image`. Reports
    /// progress as a fraction from 0 to 1.
    fn import(&self, image: Uuid, upload: &Path, progress: &mut dyn FnMut(f64)) -> Result<(), StorageError>;
    /// Removes an image, and what is left of its upload.
    fn delete_image(&self, image: Uuid) -> Result<(), StorageError>;
    /// Makes a volume of `size` bytes as a writable copy of an image.
    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError>;
    /// Where the volume can be opened now (it is activated when need be).
    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError>;
    /// Removes a volume.
    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError>;
    /// All images in the pool.
    fn images(&self) -> Result<Vec<Uuid>, StorageError>;
    /// All volumes in the pool.
    fn volumes(&self) -> Result<Vec<Uuid>, StorageError>;
    /// Room in the pool.
    fn capacity(&self) -> Result<Capacity, StorageError>;
}
