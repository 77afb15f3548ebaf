//! Files of images that are being uploaded.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::StorageError;

/// The directory of uploads. It is made when it is first needed, because the
/// file system it is on may be mounted later than the driver is made.
#[derive(Debug)]
pub(crate) struct Uploads {
    directory: PathBuf,
}

impl Uploads {
    pub(crate) fn below(directory: &Path) -> Self {
        Self {
            directory: directory.join("uploads"),
        }
    }

    pub(crate) fn path(&self, image: Uuid) -> PathBuf {
        if let Err(error) = fs::create_dir_all(&self.directory) {
            // Writing the upload will fail and say the same to who can act on it.
            tracing::error!(directory = %self.directory.display(), %error, "no room for uploads");
        }
        self.directory.join(format!("{image}.upload"))
    }

    pub(crate) fn remove(&self, image: Uuid) -> Result<(), StorageError> {
        match fs::remove_file(self.directory.join(format!("{image}.upload"))) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StorageError::failed(
                "remove the upload of image",
                image,
                error,
            )),
            _ => Ok(()),
        }
    }
}
