//! The directory driver: qcow2 files in a directory, for machines without
//! device-mapper and for development.
//!
//! An image is `images/<uuid>.qcow2`; a volume a directory `volumes/<uuid>`
//! with an overlay and a hard link to its image, which therefore lives as long
//! as any volume needs it. Everything is made under the name `….part` and
//! renamed when it is whole.

mod files;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use self::files::{ids, publish, remove, room};
use crate::tools::{self, Target, Tools};
use crate::uploads::Uploads;
use crate::{Capacity, ImageInfo, Pool, StorageError, VolumeSource, inspect_file};

const BASE: &str = "base.qcow2";
const DISK: &str = "disk.qcow2";
const PART: &str = ".part";
const QCOW2: &str = ".qcow2";

/// Disks are whole multiples of this: a BIOS starts from no smaller one.
const GRAIN: u64 = 1 << 20;

/// A pool of qcow2 files in a directory.
#[derive(Debug)]
pub struct DirectoryPool {
    tools: Arc<dyn Tools>,
    images: PathBuf,
    volumes: PathBuf,
    uploads: Uploads,
}

impl DirectoryPool {
    /// The pool in this directory, which is made if absent.
    pub fn open(directory: &Path) -> Result<Self, StorageError> {
        Self::with_tools(tools::system(), directory)
    }

    fn with_tools(tools: Arc<dyn Tools>, directory: &Path) -> Result<Self, StorageError> {
        let (images, volumes) = (directory.join("images"), directory.join("volumes"));
        for folder in [&images, &volumes] {
            fs::create_dir_all(folder).map_err(|error| {
                StorageError::pool("open", format!("{}: {error}", folder.display()))
            })?;
        }
        Ok(Self {
            tools,
            images,
            volumes,
            uploads: Uploads::below(directory),
        })
    }

    fn image(&self, id: Uuid) -> PathBuf {
        self.images.join(format!("{id}{QCOW2}"))
    }

    fn image_part(&self, id: Uuid) -> PathBuf {
        self.images.join(format!("{id}{PART}"))
    }

    fn volume(&self, id: Uuid) -> PathBuf {
        self.volumes.join(id.to_string())
    }

    fn volume_part(&self, id: Uuid) -> PathBuf {
        self.volumes.join(format!("{id}{PART}"))
    }

    fn reserve(&self, id: Uuid, upload: &Path, info: ImageInfo) -> Result<(), StorageError> {
        let needed = tools::measure(&*self.tools, upload, info.format)
            .map_err(|error| StorageError::failed("measure image", id, error))?;
        let free = self.capacity()?.free;
        if needed > free {
            return Err(StorageError::NoSpace { needed, free });
        }
        Ok(())
    }

    /// Makes the two files of a volume in a directory that has no name yet.
    fn fill_volume(
        &self,
        volume: Uuid,
        part: &Path,
        image: &Path,
        size: u64,
    ) -> Result<(), StorageError> {
        let failed =
            |cause: &dyn ToString| StorageError::failed("create volume", volume, cause.to_string());
        fs::create_dir(part).map_err(|error| failed(&error))?;
        fs::hard_link(image, part.join(BASE)).map_err(|error| failed(&error))?;
        let size = size.next_multiple_of(GRAIN);
        tools::create_overlay(&*self.tools, &part.join(DISK), BASE, size)
            .map_err(|error| failed(&error))
    }
}

impl Pool for DirectoryPool {
    fn upload_path(&self, image: Uuid) -> PathBuf {
        self.uploads.path(image)
    }

    fn inspect(&self, image: Uuid, upload: &Path) -> Result<ImageInfo, StorageError> {
        inspect_file(image, upload)
    }

    fn import(
        &self,
        image: Uuid,
        upload: &Path,
        progress: &mut dyn FnMut(f64),
    ) -> Result<(), StorageError> {
        let failed = |error: io::Error| StorageError::failed("import image", image, error);
        if self.image(image).exists() {
            return Ok(());
        }
        let part = self.image_part(image);
        remove(&part).map_err(failed)?;
        let info = inspect_file(image, upload)?;
        self.reserve(image, upload, info)?;
        tools::convert(
            &*self.tools,
            upload,
            info,
            Target::NewQcow2(&part),
            progress,
        )
        .map_err(|error| StorageError::failed("import image", image, error))?;
        let sealed = fs::set_permissions(&part, fs::Permissions::from_mode(0o444));
        sealed
            .and_then(|()| publish(&part, &self.image(image)))
            .map_err(failed)
    }

    fn delete_image(&self, image: Uuid) -> Result<(), StorageError> {
        for path in [self.image(image), self.image_part(image)] {
            remove(&path).map_err(|error| StorageError::failed("delete image", image, error))?;
        }
        self.uploads.remove(image)
    }

    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError> {
        let failed = |error: io::Error| StorageError::failed("create volume", volume, error);
        if self.volume(volume).exists() {
            return Ok(());
        }
        let part = self.volume_part(volume);
        remove(&part).map_err(failed)?;
        let source = self.image(image);
        if !source.exists() {
            return Err(StorageError::NotFound(image));
        }
        self.fill_volume(volume, &part, &source, size)?;
        publish(&part, &self.volume(volume)).map_err(failed)
    }

    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError> {
        let disk = self.volume(volume).join(DISK);
        match disk.exists() {
            true => Ok(VolumeSource::Qcow2(disk)),
            false => Err(StorageError::NotFound(volume)),
        }
    }

    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError> {
        let failed = |error: io::Error| StorageError::failed("delete volume", volume, error);
        let (whole, part) = (self.volume(volume), self.volume_part(volume));
        remove(&part).map_err(failed)?;
        // A volume loses its name first: half removed, it is never opened.
        if whole.exists() {
            publish(&whole, &part).map_err(failed)?;
        }
        remove(&part).map_err(failed)
    }

    fn images(&self) -> Result<Vec<Uuid>, StorageError> {
        ids(&self.images, &[QCOW2, PART]).map_err(|e| StorageError::pool("list the images of", e))
    }

    fn volumes(&self) -> Result<Vec<Uuid>, StorageError> {
        ids(&self.volumes, &["", PART]).map_err(|e| StorageError::pool("list the volumes of", e))
    }

    fn capacity(&self) -> Result<Capacity, StorageError> {
        room(&self.images).map_err(|error| StorageError::pool("measure", error))
    }
}
