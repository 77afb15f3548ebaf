//! Where things are, below a root directory that tests choose.

use std::path::PathBuf;

/// The paths that [`super::prepare`] reads and writes.
#[derive(Debug, Clone)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// Everything below `root`; `/` on a real machine.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The path of an absolute path below the root directory.
    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The node of a device.
    pub(super) fn device(&self, name: &str) -> PathBuf {
        self.path("/dev").join(name)
    }

    /// Where the kernel lists block devices.
    pub(super) fn block_class(&self) -> PathBuf {
        self.path("/sys/class/block")
    }

    /// A path of the system that will be started.
    pub(super) fn new_root(&self, absolute: &str) -> PathBuf {
        self.path("/sysroot").join(absolute.trim_start_matches('/'))
    }

    /// Where the medium is mounted.
    pub(super) fn medium(&self) -> PathBuf {
        self.path(megh_model::boot::MEDIUM_PATH)
    }

    /// The root part on the medium.
    pub(super) fn medium_root(&self) -> PathBuf {
        let dir = self.medium().join(megh_model::boot::MEDIUM_RELEASE_DIR);
        dir.join(megh_model::release::PartKind::Root.file())
    }
}
