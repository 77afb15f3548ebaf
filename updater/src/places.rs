//! Where things are on an installed machine, below a root directory that tests
//! choose.

use std::path::{Path, PathBuf};

use megh_model::boot::BOOT_RECORD_PATH;
use megh_model::layout::PartitionRole;
use megh_model::mutable::STATE_DIR;
use megh_model::release::TRUSTED_KEYS_DIR;
use megh_model::update::{GATE_SOCKET, STATUS_PATH, UPDATE_DIR};

/// The paths that the updater reads and writes.
#[derive(Debug, Clone)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// Everything below `root`; `/` on a real machine.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The root directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The path of an absolute path below the root directory.
    pub(crate) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The node of a device.
    pub(crate) fn device(&self, name: &str) -> PathBuf {
        self.path("/dev").join(name)
    }

    /// A file that the updater keeps on the state partition.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.path(STATE_DIR).join(UPDATE_DIR).join(name)
    }

    /// A file of the updater that is gone after a restart.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.path("/run/meghos/updater").join(name)
    }

    /// Where a partition is mounted while it is worked on.
    pub(crate) fn mount(&self, role: PartitionRole) -> PathBuf {
        self.run("mount").join(role.name())
    }

    /// The lock that whoever changes anything holds.
    pub(crate) fn lock(&self) -> PathBuf {
        self.path("/run/meghos/update.lock")
    }

    /// The status for readers.
    pub(crate) fn status(&self) -> PathBuf {
        self.path(STATUS_PATH)
    }

    /// The root document that the image believes.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path(TRUSTED_KEYS_DIR)
    }

    /// What the initrd left.
    pub(crate) fn boot_record(&self) -> PathBuf {
        self.path(BOOT_RECORD_PATH)
    }

    /// The control plane's socket for the gate.
    pub(crate) fn gate_socket(&self) -> PathBuf {
        self.path(GATE_SOCKET)
    }
}
