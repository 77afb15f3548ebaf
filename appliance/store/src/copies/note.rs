//! What putting back a copy lost, kept until somebody was told.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::actions::{Action, perform};
use super::{Places, Restored};
use crate::directory::Directory;
use crate::encoding::unseal;
use crate::error::StoreError;

/// The bytes of a note or label.
pub(super) fn seal(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    crate::encoding::seal(value).map_err(|error| StoreError::Answer {
        operation: "encoded",
        reason: error.to_string(),
    })
}

/// The note, if one waits to be told.
pub(crate) async fn restored(directory: &Path) -> Result<Option<Restored>, StoreError> {
    let path = Places::new(Directory::prepare(directory)?).note;
    match std::fs::read(&path) {
        Ok(sealed) => Ok(unseal(&sealed)
            .inspect_err(|error| tracing::warn!(error, "the note on the old state is damaged"))
            .ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::File {
            operation: "read",
            path,
            source,
        }),
    }
}

/// Removes the note.
pub(crate) async fn acknowledge(directory: &Path) -> Result<(), StoreError> {
    let path = Places::new(Directory::prepare(directory)?).note;
    perform(&[Action::Clear(path)])
}
