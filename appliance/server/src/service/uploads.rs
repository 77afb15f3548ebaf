//! Which images are being uploaded right now.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

/// The images whose upload file somebody is busy with.
#[derive(Clone, Default)]
pub(crate) struct Uploads(Arc<Mutex<HashSet<Uuid>>>);

/// The right to write or remove the upload file of one image.
pub(crate) struct UploadTurn {
    image: Uuid,
    uploads: Uploads,
}

impl Uploads {
    /// Takes the turn, if nobody has it.
    pub(crate) fn begin(&self, image: Uuid) -> Option<UploadTurn> {
        let mut busy = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        busy.insert(image).then(|| UploadTurn {
            image,
            uploads: self.clone(),
        })
    }
}

impl Drop for UploadTurn {
    fn drop(&mut self) {
        self.uploads
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .remove(&self.image);
    }
}
