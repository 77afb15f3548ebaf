//! A pool in memory, for tests of what uses one.
//!
//! [`FakePool`] is a handle: its clones share one world, so a test can drop
//! the daemon, start another on a clone, and see whether it finds its way.
//! Only uploads are real files, in a folder that the test gives.

mod faults;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;

use self::faults::Faults;
pub use self::faults::Moment;
use crate::{Capacity, ImageInfo, Pool, StorageError, VolumeSource, inspect_file};

/// A call of [`Pool`], to name which one is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`Pool::inspect`].
    Inspect,
    /// [`Pool::import`].
    Import,
    /// [`Pool::delete_image`].
    DeleteImage,
    /// [`Pool::create_volume`].
    CreateVolume,
    /// [`Pool::open_volume`].
    OpenVolume,
    /// [`Pool::delete_volume`].
    DeleteVolume,
    /// [`Pool::images`].
    Images,
    /// [`Pool::volumes`].
    Volumes,
    /// [`Pool::capacity`].
    Capacity,
}

/// A pool in memory. Clones share their world.
#[derive(Debug, Clone)]
pub struct FakePool {
    uploads: PathBuf,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    content: Mutex<Content>,
    faults: Faults<Call>,
}

#[derive(Debug)]
struct Content {
    total: u64,
    images: BTreeMap<Uuid, Entry>,
    volumes: BTreeMap<Uuid, Entry>,
}

/// An image or a volume; all its bytes count as used.
#[derive(Debug, Clone, Copy)]
struct Entry {
    size: u64,
    whole: bool,
}

impl Content {
    fn free(&self) -> u64 {
        let used: u64 = self
            .images
            .values()
            .chain(self.volumes.values())
            .map(|entry| entry.size)
            .sum();
        self.total.saturating_sub(used)
    }

    fn reserve(&self, needed: u64) -> Result<(), StorageError> {
        let free = self.free();
        if needed > free {
            return Err(StorageError::NoSpace { needed, free });
        }
        Ok(())
    }
}

impl FakePool {
    /// An empty pool of `total` bytes whose uploads are files in `uploads`.
    pub fn new(uploads: PathBuf, total: u64) -> Self {
        let content = Content {
            total,
            images: BTreeMap::new(),
            volumes: BTreeMap::new(),
        };
        let world = World {
            content: Mutex::new(content),
            faults: Faults::default(),
        };
        Self {
            uploads,
            world: Arc::new(world),
        }
    }

    /// Makes the `nth` call of this kind from now on fail.
    pub fn fail(&self, call: Call, nth: u32, moment: Moment) {
        self.world.faults.plan(call, nth, moment);
    }

    /// Size of a whole volume.
    pub fn volume_size(&self, volume: Uuid) -> Option<u64> {
        self.content()
            .volumes
            .get(&volume)
            .filter(|entry| entry.whole)
            .map(|entry| entry.size)
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.world
            .content
            .lock()
            .expect("no holder of this lock panics")
    }

    /// Runs one call, with the failure that is planned for it. `body` learns
    /// whether it is to leave its work half done.
    fn call<T>(
        &self,
        call: Call,
        body: impl FnOnce(&mut Content, bool) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let broken = || {
            Err(StorageError::pool(
                "use",
                format!("{call:?} was told to fail"),
            ))
        };
        match self.world.faults.count(&call) {
            None => body(&mut self.content(), true),
            Some(Moment::Before) => broken(),
            Some(Moment::Halfway) => body(&mut self.content(), false).and_then(|_| broken()),
            Some(Moment::After) => body(&mut self.content(), true).and_then(|_| broken()),
        }
    }
}

impl Pool for FakePool {
    fn upload_path(&self, image: Uuid) -> PathBuf {
        self.uploads.join(format!("{image}.upload"))
    }

    fn inspect(&self, image: Uuid, upload: &Path) -> Result<ImageInfo, StorageError> {
        self.call(Call::Inspect, |_, _| inspect_file(image, upload))
    }

    fn import(
        &self,
        image: Uuid,
        upload: &Path,
        progress: &mut dyn FnMut(f64),
    ) -> Result<(), StorageError> {
        self.call(Call::Import, |content, whole| {
            if content.images.get(&image).is_some_and(|entry| entry.whole) {
                return Ok(());
            }
            content.images.remove(&image);
            let size = inspect_file(image, upload)?.virtual_size;
            content.reserve(size)?;
            progress(0.5);
            content.images.insert(image, Entry { size, whole });
            if whole {
                progress(1.0);
            }
            Ok(())
        })
    }

    fn delete_image(&self, image: Uuid) -> Result<(), StorageError> {
        let upload = self.upload_path(image);
        self.call(Call::DeleteImage, |content, _| {
            content.images.remove(&image);
            match std::fs::remove_file(upload) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    Err(StorageError::failed("remove upload of image", image, e))
                }
                _ => Ok(()),
            }
        })
    }

    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError> {
        self.call(Call::CreateVolume, |content, whole| {
            if content
                .volumes
                .get(&volume)
                .is_some_and(|entry| entry.whole)
            {
                return Ok(());
            }
            content.volumes.remove(&volume);
            match content.images.get(&image) {
                Some(source) if source.whole && source.size > size => {
                    let cause = format!("image {image} has {} bytes", source.size);
                    return Err(StorageError::failed("create volume", volume, cause));
                }
                Some(source) if source.whole => {}
                _ => return Err(StorageError::NotFound(image)),
            }
            content.reserve(size)?;
            content.volumes.insert(volume, Entry { size, whole });
            Ok(())
        })
    }

    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError> {
        self.call(Call::OpenVolume, |content, _| {
            match content.volumes.get(&volume) {
                Some(entry) if entry.whole => Ok(VolumeSource::Block(PathBuf::from(format!(
                    "/dev/fake/vol-{volume}"
                )))),
                _ => Err(StorageError::NotFound(volume)),
            }
        })
    }

    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError> {
        self.call(Call::DeleteVolume, |content, _| {
            content.volumes.remove(&volume);
            Ok(())
        })
    }

    fn images(&self) -> Result<Vec<Uuid>, StorageError> {
        self.call(Call::Images, |content, _| {
            Ok(content.images.keys().copied().collect())
        })
    }

    fn volumes(&self) -> Result<Vec<Uuid>, StorageError> {
        self.call(Call::Volumes, |content, _| {
            Ok(content.volumes.keys().copied().collect())
        })
    }

    fn capacity(&self) -> Result<Capacity, StorageError> {
        self.call(Call::Capacity, |content, _| {
            Ok(Capacity {
                total: content.total,
                free: content.free(),
            })
        })
    }
}
