//! A view of the mounts that is this process's own.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::MountError;

/// Gives this process, and all it starts, mounts of its own: whatever is
/// mounted from now on is unseen by others and gone when the last of them
/// ends, even by SIGKILL. Call it before there are threads.
pub fn private_namespace() -> Result<(), MountError> {
    let none: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none))
        .map_err(|errno| MountError::Namespace {
            source: errno.into(),
        })
}
