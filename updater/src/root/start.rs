//! What a mutable path holds when a machine starts for the first time.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use megh_model::mutable::{MutableKind, MutablePath, Start};
use nix::unistd::{Gid, Uid};

use super::RootError;

/// A new version 4 UUID at every reading.
const RANDOM_UUID: &str = "/proc/sys/kernel/random/uuid";

/// Makes `bound` as `path` says, `slot` being that path in the slot. It appears
/// complete or not at all: a power cut in between is repeated from the start.
pub(super) fn create(path: &MutablePath, slot: &Path, bound: &Path) -> Result<(), RootError> {
    let parent = bound.parent().unwrap_or(bound);
    fs::create_dir_all(parent).map_err(RootError::file("make", parent))?;
    let draft = draft_name(bound);
    remove(&draft)?;
    match (path.start(), path.kind()) {
        (Start::Slot, _) => copy(slot, &draft)?,
        (Start::Empty { mode }, MutableKind::Dir) => {
            fs::create_dir(&draft).map_err(RootError::file("make", &draft))?;
            set_mode(&draft, mode)?;
        }
        (Start::MachineId, _) => write_machine_id(&draft)?,
        (Start::Empty { mode }, MutableKind::File) => {
            File::create(&draft).map_err(RootError::file("make", &draft))?;
            set_mode(&draft, mode)?;
        }
    }
    let at_parent = File::open(parent).map_err(RootError::file("open", parent))?;
    nix::unistd::syncfs(&at_parent)
        .map_err(|errno| RootError::file("write", parent)(errno.into()))?;
    fs::rename(&draft, bound).map_err(RootError::file("make", bound))?;
    at_parent
        .sync_all()
        .map_err(RootError::file("write", parent))
}

/// Identities are 32 hex digits; the kernel's random UUIDs have dashes between.
/// systemd could fill an empty file itself, but not on every file system.
fn write_machine_id(path: &Path) -> Result<(), RootError> {
    let uuid = fs::read_to_string(RANDOM_UUID).map_err(RootError::file("read", RANDOM_UUID))?;
    fs::write(path, uuid.replace('-', "")).map_err(RootError::file("make", path))?;
    set_mode(path, 0o444)
}

/// No mutable path has this character, so drafts are never taken for one.
fn draft_name(bound: &Path) -> PathBuf {
    let mut name = bound.as_os_str().to_owned();
    name.push("~");
    PathBuf::from(name)
}

fn remove(draft: &Path) -> Result<(), RootError> {
    let Ok(found) = fs::symlink_metadata(draft) else {
        return Ok(());
    };
    let removed = if found.is_dir() {
        fs::remove_dir_all(draft)
    } else {
        fs::remove_file(draft)
    };
    removed.map_err(RootError::file("remove", draft))
}

/// Copies files, directories and symbolic links with owners and permissions;
/// the slot has nothing else at these paths.
fn copy(from: &Path, to: &Path) -> Result<(), RootError> {
    let found = fs::symlink_metadata(from).map_err(RootError::file("read", from))?;
    if found.is_symlink() {
        let goal = fs::read_link(from).map_err(RootError::file("read", from))?;
        symlink(goal, to).map_err(RootError::file("make", to))?;
    } else if found.is_dir() {
        fs::create_dir(to).map_err(RootError::file("make", to))?;
        let entries = fs::read_dir(from).map_err(RootError::file("read", from))?;
        for entry in entries {
            let name = entry.map_err(RootError::file("read", from))?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
    } else {
        fs::copy(from, to).map_err(RootError::file("copy", from))?;
    }
    let (uid, gid) = (Uid::from_raw(found.uid()), Gid::from_raw(found.gid()));
    let no_follow = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    nix::unistd::fchownat(nix::fcntl::AT_FDCWD, to, Some(uid), Some(gid), no_follow)
        .map_err(|errno| RootError::file("change the owner of", to)(errno.into()))?;
    if found.is_symlink() {
        Ok(())
    } else {
        set_mode(to, found.mode() & 0o7777)
    }
}

/// After the owner, because changing that clears set-group-id bits.
fn set_mode(path: &Path, mode: u32) -> Result<(), RootError> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(RootError::file("change the mode of", path))
}
