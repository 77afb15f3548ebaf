//! What can go wrong with images and volumes.

use uuid::Uuid;

/// What went wrong, with the object it happened to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The uploaded file is no disk image that this pool takes.
    #[error("image {id} is refused: {reason}")]
    Refused {
        /// The image.
        id: Uuid,
        /// Why, in a sentence a user understands.
        reason: String,
    },
    /// The image or volume does not exist, or was never finished.
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
    /// A tool or a system call failed on an image or volume.
    #[error("cannot {action} {id}: {cause}")]
    Failed {
        /// What was tried, as a verb.
        action: &'static str,
        /// The image or volume.
        id: Uuid,
        /// What the tool said.
        cause: String,
    },
    /// The pool as a whole does not work.
    #[error("cannot {action} the storage pool: {cause}")]
    Pool {
        /// What was tried, as a verb.
        action: &'static str,
        /// What the tool said.
        cause: String,
    },
}

impl StorageError {
    /// A failure on one image or volume.
    pub(crate) fn failed(action: &'static str, id: Uuid, cause: impl ToString) -> Self {
        Self::Failed {
            action,
            id,
            cause: cause.to_string(),
        }
    }

    /// A failure of the pool as a whole.
    pub(crate) fn pool(action: &'static str, cause: impl ToString) -> Self {
        Self::Pool {
            action,
            cause: cause.to_string(),
        }
    }
}
