//! The system calls behind mounts.

use std::fs;
use std::io;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount as sys_mount, umount2};

use super::MountError;
use super::spec::{Kind, MountSpec};

const NONE: Option<&str> = None;

pub(crate) fn mount(spec: &MountSpec) -> Result<(), MountError> {
    make_mount_point(spec).map_err(|source| MountError::MountPoint {
        target: spec.target.clone(),
        source,
    })?;
    let (mut flags, data) = split_options(&spec.options);
    if spec.read_only {
        flags |= MsFlags::MS_RDONLY;
    }
    let done = match &spec.kind {
        Kind::FileSystem { source, fs } => sys_mount(
            Some(source),
            &spec.target,
            Some(fs.as_str()),
            flags,
            Some(data.as_str()),
        ),
        Kind::Bind { source, recursive } => bind(source, &spec.target, *recursive, flags),
    };
    done.map_err(|errno| MountError::Mount {
        what: spec.what(),
        target: spec.target.clone(),
        source: errno.into(),
    })
}

pub(crate) fn unmount(target: &Path, lazy: bool) -> Result<(), MountError> {
    let flags = if lazy {
        MntFlags::MNT_DETACH
    } else {
        MntFlags::empty()
    };
    let flags = flags | MntFlags::UMOUNT_NOFOLLOW;
    let done = match (umount2(target, MntFlags::UMOUNT_NOFOLLOW), lazy) {
        (Err(_), true) => umount2(target, flags),
        (done, _) => done,
    };
    done.map_err(|errno| MountError::Unmount {
        target: target.to_owned(),
        source: errno.into(),
    })
}

/// Binds, then cuts the propagation (so that unmounting here does not unmount
/// there), then sets the flags, which the first call ignores.
fn bind(source: &Path, target: &Path, recursive: bool, flags: MsFlags) -> nix::Result<()> {
    let depth = if recursive {
        MsFlags::MS_REC
    } else {
        MsFlags::empty()
    };
    sys_mount(Some(source), target, NONE, MsFlags::MS_BIND | depth, NONE)?;
    let rest = sys_mount(NONE, target, NONE, MsFlags::MS_SLAVE | depth, NONE).and_then(|()| {
        if flags.is_empty() {
            return Ok(());
        }
        sys_mount(
            NONE,
            target,
            NONE,
            MsFlags::MS_BIND | MsFlags::MS_REMOUNT | flags,
            NONE,
        )
    });
    if rest.is_err() {
        let _undone = umount2(target, MntFlags::MNT_DETACH);
    }
    rest
}

/// A bind of a file needs a file to be mounted on, everything else a directory.
fn make_mount_point(spec: &MountSpec) -> io::Result<()> {
    if fs::exists(&spec.target)? {
        return Ok(());
    }
    match &spec.kind {
        Kind::Bind { source, .. } if !fs::metadata(source)?.is_dir() => {
            if let Some(parent) = spec.target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::File::create(&spec.target).map(drop)
        }
        _ => fs::create_dir_all(&spec.target),
    }
}

/// Separates the flags of the kernel's mount layer from the file system's own options.
fn split_options(options: &[String]) -> (MsFlags, String) {
    let mut flags = MsFlags::empty();
    let mut data = Vec::new();
    for option in options {
        match option.as_str() {
            "nosuid" => flags |= MsFlags::MS_NOSUID,
            "nodev" => flags |= MsFlags::MS_NODEV,
            "noexec" => flags |= MsFlags::MS_NOEXEC,
            "noatime" => flags |= MsFlags::MS_NOATIME,
            "sync" => flags |= MsFlags::MS_SYNCHRONOUS,
            other => data.push(other),
        }
    }
    (flags, data.join(","))
}
