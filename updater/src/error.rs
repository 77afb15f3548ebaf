//! How the updater fails: each reason with a code for programs and, where
//! somebody can do something about it, a hint for people.

use std::io;
use std::path::PathBuf;

use megh_host::command::CommandError;
use megh_host::mount::MountError;
use megh_model::layout::PartitionRole;
use megh_model::release::{PartError, ReadError, VerifyError};
use megh_model::update::SettingsError;
use megh_model::update::machine::Refusal;

use crate::fetch::FetchError;

/// Why the updater did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// This system runs from a medium.
    #[error("this system was not started from an installed disk")]
    NotInstalled,
    /// The disk that was started from cannot be made out.
    #[error("partition {role} of disk {disk} is not there")]
    NoPartition {
        /// The disk.
        disk: String,
        /// What it lacks.
        role: PartitionRole,
    },
    /// Another process of the updater is at work.
    #[error("another command of the updater is at work")]
    Busy,
    /// A file could not be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What a file holds makes no sense.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A mount failed.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Bytes could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The release is refused.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The slots do not allow it now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The settings make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Nobody said where releases come from.
    #[error("no source of releases is set, and no stick with a release was found")]
    NoSource,
    /// There is nothing there that looks like releases.
    #[error("there is no release on {0}")]
    NoRelease(String),
    /// Nothing newer is there.
    #[error("{found} has nothing newer than version {running}, which runs")]
    UpToDate {
        /// Where it was looked.
        found: String,
        /// What runs.
        running: String,
    },
    /// Not a version.
    #[error("`{0}` is not a version; it must look like 1.20.3")]
    BadVersion(String),
    /// A partition that had to be written could not be mounted.
    #[error("partition {roles} of disk {disk} cannot be mounted, and nothing was written there")]
    NotMounted {
        /// The disk.
        disk: String,
        /// Its name, or the names of several.
        roles: String,
    },
    /// The loader was told, though not all that goes with it was done.
    #[error(
        "the order was not wholly written, yet MeghOS {version} is started at the next restart"
    )]
    HalfOrdered {
        /// What is started.
        version: String,
        /// What failed.
        source: Box<UpdateError>,
    },
    /// The medium gave back something else than what was written.
    #[error("partition {partition} does not hold what was written there")]
    ReadBack {
        /// Where.
        partition: PartitionRole,
        /// Which part, and what differs.
        source: PartError,
    },
    /// The medium gave back something else than what was written.
    #[error("{file} on partition {partition} is not what was written there")]
    Differs {
        /// The file.
        file: String,
        /// Where it lies.
        partition: PartitionRole,
    },
}

impl UpdateError {
    /// The reason's stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::NoPartition { .. } => "disk-incomplete",
            Self::Busy => "busy",
            Self::File { .. } => "file-failed",
            Self::Damaged { .. } => "file-damaged",
            Self::HalfOrdered { .. } => "half-ordered",
            Self::Mount(_) | Self::NotMounted { .. } => "mount-failed",
            Self::Command(_) => "program-failed",
            Self::Fetch(error) => error.code(),
            Self::Verify(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Settings(_) => "settings-refused",
            Self::NoSource => "no-source",
            Self::NoRelease(_) => "no-release",
            Self::UpToDate { .. } => "up-to-date",
            Self::BadVersion(_) => "bad-version",
            Self::ReadBack { .. } | Self::Differs { .. } => "read-back-failed",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotInstalled => "Install MeghOS on a disk first.",
            Self::Busy => "Wait until it has ended; `megh-update status` shows how far it is.",
            Self::NoSource => {
                "Set one with `megh-update settings set`, or plug in a stick with a release."
            }
            Self::Refused(Refusal::NotCommitted) => {
                "Wait until the health gate has passed, or go back with `megh-update rollback`."
            }
            Self::Refused(Refusal::NothingStaged) => "Stage a release first.",
            Self::Refused(Refusal::NoEnvironment) => "`megh-update repair` writes it anew.",
            Self::Verify(error) if error.is_age() => {
                "If this old release is meant, say so with `--allow-expired`."
            }
            Self::HalfOrdered { .. } => {
                "Restart the machine, or stay with the running version: `megh-update commit`."
            }
            Self::NotMounted { .. } => {
                "Its file system is damaged, or the disk is failing. `megh-update status --fresh` \
                 shows what is still whole; save what you need before the next restart."
            }
            Self::ReadBack { .. } | Self::Differs { .. } => {
                "The disk may be failing. Nothing was changed in how this machine starts."
            }
            Self::Fetch(error) if error.is_passing() => {
                "Try again later: what was fetched so far is kept."
            }
            _ => return None,
        })
    }

    /// Names the partitions that could not be mounted.
    pub(crate) fn not_mounted(disk: &str, roles: &[PartitionRole]) -> Self {
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        Self::NotMounted {
            disk: disk.to_owned(),
            roles: names.join(" and "),
        }
    }

    /// Names the operation and the object of an I/O error.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

impl From<ReadError<FetchError>> for UpdateError {
    fn from(error: ReadError<FetchError>) -> Self {
        match error {
            ReadError::Source { source, .. } => Self::Fetch(source),
            ReadError::Refused(error) => Self::Verify(error),
        }
    }
}
