//! How an installation fails.

use std::io;
use std::path::PathBuf;

use megh_host::command::CommandError;
use megh_host::gpt::TableError;
use megh_host::mount::MountError;
use megh_model::bios::BiosImageError;
use megh_model::layout::PartitionRole;
use megh_model::release::PartError;

use crate::progress::Phase;
use crate::release::ReleaseError;

/// An installation that failed, with the phase it failed in.
#[derive(Debug, thiserror::Error)]
#[error("{phase}")]
pub struct ExecuteError {
    /// What was being done.
    pub phase: Phase,
    /// Why it failed.
    pub source: Box<StepError>,
}

/// What failed within a phase.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A part of the release is not what was signed, or cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A mount failed.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The disk refused.
    #[error("cannot {action} {what}")]
    Disk {
        /// What was to be done.
        action: &'static str,
        /// To what.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file on the disk could not be written or read.
    #[error("cannot {action} {} on partition {partition}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file, from the root of its file system.
        path: PathBuf,
        /// Where it lies.
        partition: PartitionRole,
        /// What the system said.
        source: io::Error,
    },
    /// The disk gave back something else than a part that was written to it.
    #[error("the disk does not hold on partition {partition} what was written there")]
    ReadBack {
        /// Where.
        partition: PartitionRole,
        /// Which part, and what differs.
        source: PartError,
    },
    /// The disk gave back something else than was written to it.
    #[error("the disk does not hold what was written there: {0}")]
    Differs(String),
    /// The old partitions are still in use.
    #[error("the kernel does not let go of the old partitions of {}", device.display())]
    StillUsed {
        /// The disk.
        device: PathBuf,
        /// What the last attempt said.
        source: CommandError,
    },
    /// The partition table could not be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The loader for BIOS is not one.
    #[error(transparent)]
    Bios(#[from] BiosImageError),
}
