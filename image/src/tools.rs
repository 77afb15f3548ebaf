//! The tools root: the programs that build the image, from the same lock as
//! the image, so that this machine's versions do not matter.

mod root;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use megh_host::command::Cmd;
use megh_host::mount::{Mount, MountSpec};

pub use root::make;

/// Where the work folder is seen inside.
const WORK: &str = "/work";

/// An opened tools root. Programs started through it see `/proc`, `/dev`,
/// `/sys`, a `/tmp` and `/run` of their own, and the work folder as `/work`.
pub struct Tools {
    root: PathBuf,
    work: PathBuf,
    epoch: u64,
    // Released in this order: the last mounted first.
    _mounts: Vec<Mount<'static>>,
}

impl Tools {
    /// Opens the tools root at `root`. Needs a mount namespace of its own:
    /// [`megh_host::mount::private_namespace`].
    pub fn open(root: &Path, work: &Path, epoch: u64) -> Result<Self> {
        let specs = [
            MountSpec::virtual_fs("proc", root.join("proc")),
            MountSpec::virtual_fs("sysfs", root.join("sys")).read_only(),
            MountSpec::bind_recursive("/dev", root.join("dev")),
            MountSpec::virtual_fs("tmpfs", root.join("tmp")).option("mode=1777"),
            MountSpec::virtual_fs("tmpfs", root.join("run")).option("mode=0755"),
            MountSpec::bind(work, root.join(&WORK[1..])),
        ];
        let mut mounts = Vec::new();
        for spec in &specs {
            mounts.insert(0, Mount::new(spec).context("cannot open the tools root")?);
        }
        Ok(Self {
            root: root.to_owned(),
            work: work.to_owned(),
            epoch,
            _mounts: mounts,
        })
    }

    /// The tools root itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The time stamp of everything in the image, in seconds since 1970.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A program of the tools root, with an environment that is the same on
    /// every machine. Its working directory is `/work`.
    pub fn cmd(&self, program: &str) -> Cmd {
        Cmd::new(program)
            .root(&self.root)
            .cwd(WORK)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("SOURCE_DATE_EPOCH", self.epoch.to_string())
    }

    /// How a path below the work folder is seen inside; others are returned unchanged.
    pub fn inside(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.work) {
            Ok(below) => Path::new(WORK).join(below),
            Err(_) => path.to_owned(),
        }
    }

    /// Shows `source` of this machine at `place` inside, until the value is dropped.
    pub fn bind(&self, source: &Path, place: &str) -> Result<Mount<'static>> {
        let target = self.place(place)?;
        Mount::new(&MountSpec::bind(source, target))
            .with_context(|| format!("cannot show {} to the tools", source.display()))
    }

    /// The same, protected from changes.
    pub fn bind_read_only(&self, source: &Path, place: &str) -> Result<Mount<'static>> {
        let target = self.place(place)?;
        Mount::new(&MountSpec::bind(source, target).read_only())
            .with_context(|| format!("cannot show {} to the tools", source.display()))
    }

    /// Where `place` inside is seen from outside; a folder is made for it.
    fn place(&self, place: &str) -> Result<PathBuf> {
        let target = self.root.join(place.trim_start_matches('/'));
        fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
        Ok(target)
    }
}
