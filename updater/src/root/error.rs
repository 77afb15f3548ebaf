//! Why a machine cannot be started.

use std::io;
use std::path::PathBuf;

use megh_host::command::CommandError;
use megh_host::mount::MountError;
use megh_model::boot::RootSourceError;
use megh_model::mutable::MutableError;
use megh_model::verity::HeadError;

/// Why there is no root file system to go on with.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// A key of the kernel command line is absent or makes no sense.
    #[error("the kernel command line has no usable {key}: {why}")]
    Cmdline {
        /// The key.
        key: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A file or directory could not be used.
    #[error("cannot {verb} {}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// The object.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The firmware's variable is not a partition's identity.
    #[error("the loader's variable LoaderDevicePartUUID is malformed")]
    LoaderVariable,
    /// The partitions do not allow a decision.
    #[error(transparent)]
    Source(#[from] RootSourceError),
    /// Neither an installed disk nor a medium has this root.
    #[error(
        "no disk or medium has the root file system that belongs to this kernel \
         (boot partition: {boot}; disks: {disks})"
    )]
    NoRoot {
        /// The partition that the loader named.
        boot: String,
        /// The disks and drives that were looked at.
        disks: String,
    },
    /// The root partition holds something else.
    #[error("{} does not hold the root file system that belongs to this kernel", device.display())]
    WrongRoot {
        /// The device.
        device: PathBuf,
        /// What it holds.
        source: HeadError,
    },
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A mount failed.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The slot's list of mutable paths is unusable.
    #[error(transparent)]
    Mutable(#[from] MutableError),
}

impl RootError {
    /// Names the operation and the object of an I/O error.
    pub(super) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}
