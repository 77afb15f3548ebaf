//! Opening what releases come from: a web server, a directory, a stick.

use std::path::{Path, PathBuf};

use megh_host::Machine;
use megh_host::mount::{Mount, MountSpec};
use megh_model::boot::MEDIUM_RELEASE_DIR;
use megh_model::release::{Channel, MANIFEST_FILE, Place};

use crate::fetch::{DirSource, FetchError, HttpSource, Source};
use crate::{BootDisk, Places, UpdateError, root};

/// The directory of a site on a stick.
pub const STICK_DIR: &str = "meghos-updates";
/// File systems that a stick may have, with what keeps the kernel from writing.
const FILE_SYSTEMS: [(&str, &str); 4] = [
    ("iso9660", "nosuid"),
    ("vfat", "nosuid"),
    ("exfat", "nosuid"),
    ("ext4", "noload"),
];

/// A place with releases that is open. What was mounted for it stays mounted
/// as long as this lives.
pub(crate) struct Site<'m> {
    pub(crate) source: Box<dyn Source>,
    pub(crate) place: Place,
    /// The place, as people name it.
    pub(crate) name: String,
    /// Whether it is at hand: no rollout, no channel to follow.
    pub(crate) local: bool,
    _mount: Option<Mount<'m>>,
}

impl<'m> Site<'m> {
    /// Opens an address, a directory or a device.
    pub(crate) fn open(
        machine: &'m dyn Machine,
        places: &Places,
        what: &str,
        bandwidth: Option<u64>,
    ) -> Result<Self, UpdateError> {
        if what.starts_with("http://") || what.starts_with("https://") {
            let source = HttpSource::new(what, bandwidth)?;
            return Ok(Self {
                name: source.describe(),
                source: Box::new(source),
                place: Place::Site,
                local: false,
                _mount: None,
            });
        }
        let path = Path::new(what);
        if path.is_dir() {
            return Self::in_directory(path, what.to_owned(), None);
        }
        Self::on_device(machine, places, path)
    }

    /// Mounts a device's file system, for reading only, and looks for a site or
    /// a release of ours in it.
    pub(crate) fn on_device(
        machine: &'m dyn Machine,
        places: &Places,
        device: &Path,
    ) -> Result<Self, UpdateError> {
        let name = device.display().to_string();
        let none = || UpdateError::NoRelease(name.clone());
        let node = device.file_name().ok_or_else(none)?;
        let target = places.run("stick").join(node);
        for (fs, option) in FILE_SYSTEMS {
            let spec = MountSpec::device(device, &target, fs)
                .read_only()
                .option("nodev")
                .option("noexec")
                .option(option);
            let Ok(mount) = Mount::on(machine, &spec) else {
                continue;
            };
            return Self::in_directory(&target, name.clone(), Some(mount));
        }
        Err(none())
    }

    fn in_directory(
        dir: &Path,
        name: String,
        mount: Option<Mount<'m>>,
    ) -> Result<Self, UpdateError> {
        let below = [
            dir.to_owned(),
            dir.join(STICK_DIR),
            dir.join(MEDIUM_RELEASE_DIR),
        ];
        let has_index = |dir: &PathBuf| {
            Channel::ALL
                .iter()
                .any(|c| dir.join(c.index_file()).is_file())
        };
        let Some(dir) = below.iter().find(|dir| has_index(dir)) else {
            return Err(UpdateError::NoRelease(name));
        };
        let place = match dir.join(MANIFEST_FILE).is_file() {
            true => Place::Flat,
            false => Place::Site,
        };
        Ok(Self {
            source: Box::new(DirSource::new(dir)?),
            place,
            name,
            local: true,
            _mount: mount,
        })
    }

    /// Reads a small file as the verifier asks for it.
    pub(crate) fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, FetchError> {
        match self.source.read_small(path, limit as u64) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FetchError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The directory of a release, as fetching takes it.
    pub(crate) fn directory(&self, listed: &str) -> String {
        match self.place {
            Place::Site => listed.to_owned(),
            Place::Flat => String::new(),
        }
    }
}

/// The devices that somebody may have plugged in: optical drives, sticks and
/// disks on USB, and their partitions; never the disk that was started from.
pub(crate) fn sticks(places: &Places, disk: &BootDisk) -> Vec<PathBuf> {
    let class = places.path("/sys/class/block");
    let mut found = Vec::new();
    for name in root::disks::names(&root::Places::new(places.root())) {
        let entry = class.join(&name);
        let removable = std::fs::read_to_string(entry.join("removable"));
        let removable = removable.is_ok_and(|text| text.trim() == "1");
        let on_usb =
            std::fs::read_link(&entry).is_ok_and(|to| to.to_string_lossy().contains("/usb"));
        if name == disk.name || !(removable || on_usb || name.starts_with("sr")) {
            continue;
        }
        found.push(places.device(&name));
        let parts = std::fs::read_dir(&entry).into_iter().flatten().flatten();
        let mut parts: Vec<String> = parts
            .filter(|part| part.path().join("partition").exists())
            .filter_map(|part| part.file_name().into_string().ok())
            .collect();
        parts.sort();
        found.extend(parts.iter().map(|part| places.device(part)));
    }
    found
}
