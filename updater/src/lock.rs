//! One command of the updater changes things at a time.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::{Places, UpdateError};

/// Held by whoever changes anything; ends with this value or its process.
#[derive(Debug)]
pub(crate) struct Lock {
    _held: Flock<File>,
}

/// How long a command that a person gave waits for its turn: the gate and the
/// timer hold the lock for some seconds, longer on slow machines.
const PATIENCE: Duration = Duration::from_secs(30);

impl Lock {
    /// Waits for the lock as long as a person would.
    pub(crate) fn take(places: &Places) -> Result<Self, UpdateError> {
        Self::within(places, PATIENCE)
    }

    /// Waits for the lock that long.
    pub(crate) fn within(places: &Places, patience: Duration) -> Result<Self, UpdateError> {
        Self::at(places.lock(), patience)
    }

    /// The lock of the small files that commands write which do not change the
    /// disk, held for some milliseconds. Whoever holds the other one may take it.
    pub(crate) fn memory(places: &Places) -> Result<Self, UpdateError> {
        Self::at(places.run("memory.lock"), PATIENCE)
    }

    fn at(path: PathBuf, patience: Duration) -> Result<Self, UpdateError> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(UpdateError::file("make", dir))?;
        }
        let begun = Instant::now();
        loop {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false).mode(0o600);
            let file = options
                .open(&path)
                .map_err(UpdateError::file("open", &path))?;
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(held) => return Ok(Self { _held: held }),
                Err((_, Errno::EWOULDBLOCK)) if begun.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err((_, Errno::EWOULDBLOCK)) => return Err(UpdateError::Busy),
                Err((_, errno)) => return Err(UpdateError::file("lock", path)(errno.into())),
            }
        }
    }
}
