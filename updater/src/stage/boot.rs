//! The boot partition: kernel images, and what the slot knows of itself.
//!
//! It is made anew for each release, so that nothing of an older one, and no
//! damage of its file system, lasts. Files have other names until all of them
//! were read back.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use megh_host::command::Cmd;
use megh_host::disk::CHUNK;
use megh_host::mount::Mount;
use megh_model::boot_env::{GoodMark, MARK_FILE};
use megh_model::release::{MANIFEST_FILE, PartKind, SIGNATURE_FILE};
use megh_model::update::{BOOT_FILES, KEPT_LOADERS, LOADER_DIR, SLOT_FILE, SlotRecord, SlotState};

use super::Work;
use crate::UpdateError;
use crate::fetch::Seed;
use crate::look::Found;
use crate::volumes::{Access, Volumes, mount};

/// What names end with until all is read back.
const DRAFT: &str = ".part";

impl<'a> Work<'a, '_> {
    /// Takes the slot out of the loader's hands. What an interrupted staging of
    /// the same release has left stays.
    pub(super) fn invalidate(
        &mut self,
        volumes: &mut Volumes<'_>,
        found: &Found,
        record: &SlotRecord,
    ) -> Result<(), UpdateError> {
        let before = found.slot(self.target).record.as_ref();
        let resumed = before.is_some_and(|before| {
            before.state == SlotState::Incomplete && before.root_hash == record.root_hash
        });
        if let Some(boot) = volumes.boot(self.target).map(Path::to_owned) {
            self.take_away(&boot, record)?;
        }
        volumes.close(self.boot_role())?;
        if resumed && self.is_sound() {
            return Ok(());
        }
        let device = self.disk.device(self.boot_role())?;
        self.machine
            .run(&Cmd::new("mkfs.vfat").args(["-F", "32"]).arg(device))?;
        let boot = self.mounted(Access::Write)?;
        self.take_away(boot.path(), record)?;
        Ok(boot.release()?)
    }

    /// A file system that a power cut has left in disorder is made anew.
    fn is_sound(&self) -> bool {
        let Ok(device) = self.disk.device(self.boot_role()) else {
            return false;
        };
        let check = Cmd::new("fsck.vfat").arg("-n").arg(device);
        self.machine.run(&check).is_ok()
    }

    fn take_away(&self, boot: &Path, record: &SlotRecord) -> Result<(), UpdateError> {
        let mark = GoodMark {
            sequence: None,
            root: record.root_hash.parse().map_err(|error| {
                let why = format!("{error}");
                UpdateError::Damaged {
                    path: MANIFEST_FILE.into(),
                    why,
                }
            })?,
            version: record.version.clone(),
        };
        self.overwrite(&boot.join(MARK_FILE), &mark.to_bytes())?;
        self.overwrite(&boot.join(SLOT_FILE), &record.to_bytes())?;
        for (_, name) in BOOT_FILES {
            let path = boot.join(name);
            self.machine
                .remove_file(&path)
                .map_err(UpdateError::file("remove", path))?;
        }
        Ok(())
    }

    /// Writes every part of the boot partition under its draft's name.
    pub(super) fn write_boot(&mut self, volumes: &Volumes<'_>) -> Result<(), UpdateError> {
        let boot = self.mounted(Access::Write)?;
        let running = volumes.boot(self.disk.slot).map(Path::to_owned);
        for (kind, name) in files() {
            let path = draft(boot.path(), &name);
            let target = self
                .machine
                .open_target(&path)
                .map_err(UpdateError::file("open", &path))?;
            let old = running.as_ref().map(|running| running.join(&name));
            let uki = (kind != PartKind::Uki).then(|| draft(boot.path(), BOOT_FILES[0].1.as_ref()));
            let seeds = old.into_iter().chain(uki).filter_map(seed).collect();
            self.assemble(kind, &target, seeds)?;
            target
                .sync_all()
                .map_err(UpdateError::file("write", &path))?;
        }
        Ok(boot.release()?)
    }

    /// Mounts the partition again, so that nothing comes from the page cache,
    /// and compares every file with the manifest.
    pub(super) fn read_boot_back(&mut self) -> Result<(), UpdateError> {
        let boot = self.mounted(Access::Read)?;
        for (kind, name) in files() {
            self.check(kind, &draft(boot.path(), &name))?;
            self.part_done(kind, 0);
            self.meter.at(self.done, self.fetched);
        }
        Ok(boot.release()?)
    }

    fn check(&self, kind: PartKind, path: &Path) -> Result<(), UpdateError> {
        let partition = self.boot_role();
        let wrong = |source| UpdateError::ReadBack { partition, source };
        let fail = |error| UpdateError::file("read back", path)(error);
        let mut check = self.chosen.signed.manifest.check(kind);
        let mut file = self.machine.open_file(path).map_err(fail)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = file.read(&mut buffer).map_err(fail)?;
            if count == 0 {
                return check.finish().map_err(wrong);
            }
            check.update(&buffer[..count]).map_err(wrong)?;
        }
    }

    /// Gives the files their names, and last the slot its state.
    pub(super) fn give_back(&mut self, record: &SlotRecord) -> Result<(), UpdateError> {
        let boot = self.mounted(Access::Write)?;
        let signed = &self.chosen.signed;
        for (name, bytes) in [
            (MANIFEST_FILE, &signed.bytes),
            (SIGNATURE_FILE, &signed.signatures),
        ] {
            self.overwrite(&boot.path().join(name), bytes)?;
        }
        for (_, name) in files() {
            let live = boot.path().join(&name);
            self.machine
                .put_in_place(&draft(boot.path(), &name), &live)
                .map_err(UpdateError::file("name", live))?;
        }
        self.overwrite(&boot.path().join(SLOT_FILE), &record.to_bytes())?;
        Ok(boot.release()?)
    }

    fn mounted(&self, access: Access) -> Result<Mount<'a>, UpdateError> {
        mount(
            self.machine,
            self.places,
            self.disk,
            self.boot_role(),
            access,
        )
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> Result<(), UpdateError> {
        self.machine
            .overwrite(path, bytes)
            .map_err(UpdateError::file("write", path))
    }
}

/// Every part of a boot partition with its name there, the largest first: of
/// the kernel image, kernel and initrd are made.
fn files() -> impl Iterator<Item = (PartKind, PathBuf)> {
    let loader = |kind: PartKind| (kind, Path::new(LOADER_DIR).join(kind.file()));
    let boot = BOOT_FILES.map(|(kind, name)| (kind, PathBuf::from(name)));
    boot.into_iter().chain(KEPT_LOADERS.map(loader))
}

fn draft(boot: &Path, name: &Path) -> PathBuf {
    let mut path = boot.join(name).into_os_string();
    path.push(DRAFT);
    path.into()
}

/// A file that is at hand and may be like the new one.
fn seed(path: PathBuf) -> Option<Seed> {
    let len = fs::metadata(&path).ok()?.len();
    Some(Seed {
        file: File::open(path).ok()?,
        offset: 0,
        len,
    })
}
