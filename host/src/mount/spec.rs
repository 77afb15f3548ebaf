//! What to mount, where, and how.

use std::path::{Path, PathBuf};

/// A description of a mount, not yet made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a description mounts nothing"]
pub struct MountSpec {
    pub(super) kind: Kind,
    pub(super) target: PathBuf,
    pub(super) read_only: bool,
    pub(super) options: Vec<String>,
}

/// The source of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file system of type `fs` on `source`.
    FileSystem { source: PathBuf, fs: String },
    /// A directory or file seen at a second place.
    Bind { source: PathBuf, recursive: bool },
}

impl MountSpec {
    /// The file system of type `fs` on a block device.
    pub fn device(device: impl AsRef<Path>, target: impl AsRef<Path>, fs: &str) -> Self {
        let kind = Kind::FileSystem {
            source: device.as_ref().to_owned(),
            fs: fs.to_owned(),
        };
        Self {
            kind,
            target: target.as_ref().to_owned(),
            read_only: false,
            options: Vec::new(),
        }
    }

    /// A virtual file system: `proc`, `sysfs`, `tmpfs`, `devpts`, `overlay` …
    pub fn virtual_fs(fs: &str, target: impl AsRef<Path>) -> Self {
        Self::device(fs, target, fs)
    }

    /// `source` seen at `target`, without what is mounted below it.
    pub fn bind(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Self {
        let kind = Kind::Bind {
            source: source.as_ref().to_owned(),
            recursive: false,
        };
        Self {
            kind,
            target: target.as_ref().to_owned(),
            read_only: false,
            options: Vec::new(),
        }
    }

    /// `source` seen at `target`, with everything mounted below it. Unmounting
    /// it does not reach back to `source`.
    pub fn bind_recursive(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Self {
        let kind = Kind::Bind {
            source: source.as_ref().to_owned(),
            recursive: true,
        };
        Self {
            kind,
            target: target.as_ref().to_owned(),
            read_only: false,
            options: Vec::new(),
        }
    }

    /// Forbids writing through this mount.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Adds an option of the file system, such as `mode=0700`; the common
    /// flags `nosuid`, `nodev`, `noexec`, `sync` and `noatime` are understood too.
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Where it is to be mounted.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The source, in words.
    pub fn what(&self) -> String {
        match &self.kind {
            Kind::FileSystem { source, fs } if source.as_os_str() == fs.as_str() => fs.clone(),
            Kind::FileSystem { source, fs } => format!("{} ({fs})", source.display()),
            Kind::Bind { source, .. } => source.display().to_string(),
        }
    }
}
