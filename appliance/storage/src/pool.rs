//! The trait of a storage pool.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::{Capacity, ImageInfo, StorageError, VolumeSource};

/// A pool of images and volumes.
pub trait Pool: Send + Sync {
    /// Where the upload of an image is to be written; on the pool's own file system.
    fn upload_path(&self, image: Uuid) -> PathBuf;
    /// Looks inside an uploaded file; refuses what could read other files of
    /// the host or is no disk image.
    fn inspect(&self, image: Uuid, upload: &Path) -> Result<ImageInfo, StorageError>;
    /// Makes the uploaded file the pool's read-only image `image`. Reports
    /// progress as a fraction from 0 to 1. An image that is already whole is
    /// left as it is; one that a crash left half done is made again.
    fn import(
        &self,
        image: Uuid,
        upload: &Path,
        progress: &mut dyn FnMut(f64),
    ) -> Result<(), StorageError>;
    /// Removes an image, whole or half made, and what is left of its upload.
    /// Volumes made from it go on working.
    fn delete_image(&self, image: Uuid) -> Result<(), StorageError>;
    /// Makes a volume of `size` bytes as a writable copy of an image.
    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError>;
    /// Where the volume can be opened now (it is activated when need be).
    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError>;
    /// Removes a volume, whole or half made.
    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError>;
    /// All images in the pool, half-made ones too, so that what nobody knows
    /// can be removed.
    fn images(&self) -> Result<Vec<Uuid>, StorageError>;
    /// All volumes in the pool, half-made ones too.
    fn volumes(&self) -> Result<Vec<Uuid>, StorageError>;
    /// Room in the pool.
    fn capacity(&self) -> Result<Capacity, StorageError>;
}
