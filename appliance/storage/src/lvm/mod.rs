//! The LVM-thin driver. An image is a read-only thin volume `img-<uuid>`, a
//! volume a thin snapshot `vol-<uuid>` of one: its blocks are shared until
//! they are written, and live on when the image is removed.
//!
//! What is whole carries a tag; what a crash left half done does not, and is
//! removed and made again.

mod commands;
mod library;
#[cfg(test)]
mod tests;
mod volumes;

pub use self::library::mount_library;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use megh_host::command::CommandError;
use megh_model::answers::VolumeGroup;
use uuid::Uuid;

use self::volumes::{Logical, Report};
use crate::tools::{self, Target, Tools};
use crate::uploads::Uploads;
use crate::{Capacity, ImageInfo, Pool, StorageError, VolumeSource, inspect_file};

/// Prefixes of the names of images and volumes.
const IMAGE: &str = "img-";
const VOLUME: &str = "vol-";

/// A pool of thin volumes in an LVM volume group.
#[derive(Debug)]
pub struct LvmPool {
    tools: Arc<dyn Tools>,
    group: VolumeGroup,
    uploads: Uploads,
}

impl LvmPool {
    /// The pool in this volume group. `library` is where its file system is
    /// mounted ([`mount_library`]); uploads are written there.
    pub fn new(group: VolumeGroup, library: &Path) -> Self {
        Self::with_tools(tools::system(), group, library)
    }

    fn with_tools(tools: Arc<dyn Tools>, group: VolumeGroup, library: &Path) -> Self {
        Self {
            tools,
            group,
            uploads: Uploads::below(library),
        }
    }

    fn report(&self) -> Result<Report, StorageError> {
        self.tools
            .run(&commands::list(&self.group))
            .map_err(|error| error.to_string())
            .and_then(|output| Report::parse(&output.stdout).map_err(|error| error.to_string()))
            .map_err(|cause| StorageError::pool("list the volumes of", cause))
    }

    fn find(&self, name: &str) -> Result<Option<Logical>, StorageError> {
        Ok(self.report()?.find(name).cloned())
    }

    /// Removes a logical volume if it is there.
    fn remove(&self, action: &'static str, id: Uuid, name: &str) -> Result<(), StorageError> {
        if self.find(name)?.is_none() {
            return Ok(());
        }
        self.step(
            action,
            id,
            self.tools.run(&commands::remove(&self.group, name)),
        )
    }

    /// Names operation and object of a failed program.
    fn step<T>(
        &self,
        action: &'static str,
        id: Uuid,
        result: Result<T, CommandError>,
    ) -> Result<(), StorageError> {
        result
            .map(drop)
            .map_err(|error| StorageError::failed(action, id, error))
    }

    fn device(&self, name: &str) -> PathBuf {
        Path::new("/dev").join(self.group.as_str()).join(name)
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
}

impl Pool for LvmPool {
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
        const ACTION: &str = "import image";
        let name = format!("{IMAGE}{image}");
        match self.find(&name)? {
            Some(found) if found.whole() => return Ok(()),
            Some(_) => self.remove(ACTION, image, &name)?,
            None => {}
        }
        let info = inspect_file(image, upload)?;
        self.reserve(image, upload, info)?;
        let run = |cmd| self.step(ACTION, image, self.tools.run(&cmd));
        run(commands::create_thin(&self.group, &name, info.virtual_size))?;
        let device = self.device(&name);
        let target = Target::ZeroedDevice(&device);
        let copied = tools::convert(&*self.tools, upload, info, target, progress);
        self.step(ACTION, image, copied)?;
        run(commands::deactivate(&self.group, &name))?;
        run(commands::seal_image(&self.group, &name))
    }

    fn delete_image(&self, image: Uuid) -> Result<(), StorageError> {
        self.remove("delete image", image, &format!("{IMAGE}{image}"))?;
        self.uploads.remove(image)
    }

    fn create_volume(&self, volume: Uuid, image: Uuid, size: u64) -> Result<(), StorageError> {
        const ACTION: &str = "create volume";
        let name = format!("{VOLUME}{volume}");
        let source = format!("{IMAGE}{image}");
        let report = self.report()?;
        match report.find(&name) {
            Some(found) if found.whole() => return Ok(()),
            Some(_) => self.remove(ACTION, volume, &name)?,
            None => {}
        }
        let origin = report.find(&source).filter(|found| found.whole());
        let origin = origin.ok_or(StorageError::NotFound(image))?;
        let run = |cmd| self.step(ACTION, volume, self.tools.run(&cmd));
        // Programs are what takes the time here: as few as can be.
        let large_enough = origin.size >= size;
        run(commands::snapshot(
            &self.group,
            &source,
            &name,
            large_enough,
        ))?;
        if large_enough {
            return Ok(());
        }
        run(commands::extend(&self.group, &name, size))?;
        run(commands::seal_volume(&self.group, &name))
    }

    fn open_volume(&self, volume: Uuid) -> Result<VolumeSource, StorageError> {
        let name = format!("{VOLUME}{volume}");
        let found = self.find(&name)?.filter(Logical::whole);
        let found = found.ok_or(StorageError::NotFound(volume))?;
        if !found.active() {
            let activated = self.tools.run(&commands::activate(&self.group, &name));
            self.step("open volume", volume, activated)?;
        }
        Ok(VolumeSource::Block(self.device(&name)))
    }

    fn delete_volume(&self, volume: Uuid) -> Result<(), StorageError> {
        self.remove("delete volume", volume, &format!("{VOLUME}{volume}"))
    }

    fn images(&self) -> Result<Vec<Uuid>, StorageError> {
        Ok(self.report()?.ids(IMAGE))
    }

    fn volumes(&self) -> Result<Vec<Uuid>, StorageError> {
        Ok(self.report()?.ids(VOLUME))
    }

    fn capacity(&self) -> Result<Capacity, StorageError> {
        let report = self.report()?;
        report
            .capacity()
            .ok_or_else(|| StorageError::pool("measure", "it has no thin pool that says its use"))
    }
}
