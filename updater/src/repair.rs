//! `repair`: mends what can be mended from what is whole.

use std::fs;

use megh_model::bios;
use megh_model::boot::Firmware;
use megh_model::boot_env::{BootEnv, Marker};
use megh_model::layout::PartitionRole;
use megh_model::release::PartKind;
use megh_model::slot::BootChoice;
use megh_model::update::LOADER_DIR;
use megh_model::update::machine::Write;

use crate::lock::Lock;
use crate::look::{Found, look};
use crate::perform::Performer;
use crate::volumes::{Access, Volumes};
use crate::{UpdateError, Updater, loaders};

/// What is to be mended.
#[derive(Debug, Clone, Copy, Default)]
pub struct RepairRequest {
    /// On BIOS, the loader in front of the first partition as well. It lies
    /// there once: a power cut while it is written leaves a disk that BIOS
    /// cannot start.
    pub loader: bool,
}

impl Updater<'_> {
    /// Mends the boot environment, the marker and the loaders from what is
    /// whole, and tells what it did, a sentence each; nothing when all is well.
    pub fn repair(&self, request: RepairRequest) -> Result<Vec<String>, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        let volumes = Volumes::open(self.machine, &self.places, &self.disk, Access::Write);
        let found = look(&volumes, &self.disk);
        let missing = volumes.missing_esps();
        let (writes, mut done) = mend(&found);
        Performer {
            machine: self.machine,
            disk: &self.disk,
            volumes: &volumes,
            found: &found,
            now: self.now(),
        }
        .all(&writes)?;
        done.extend(loaders::bring_up_to_date(
            self.machine,
            &self.disk,
            &volumes,
        )?);
        if request.loader && self.disk.firmware == Firmware::Bios {
            done.extend(self.repair_bios(&volumes)?);
        }
        volumes.release()?;
        self.refresh();
        match missing.is_empty() {
            true => Ok(done),
            // The rest was mended; this cannot be.
            false => Err(UpdateError::not_mounted(&self.disk.name, &missing)),
        }
    }

    /// Writes GRUB's core image anew. The first sector, which says where it
    /// begins, stays as it is.
    fn repair_bios(&self, volumes: &Volumes<'_>) -> Result<Vec<String>, UpdateError> {
        let role = PartitionRole::Bios;
        let device = self.disk.device(role)?;
        let Some(boot) = volumes.boot(self.disk.slot) else {
            return Ok(Vec::new());
        };
        let kept = boot.join(LOADER_DIR).join(PartKind::BiosCore.file());
        let image = fs::read(&kept).map_err(UpdateError::file("read", &kept))?;
        let damaged = |why: String| UpdateError::Damaged { path: kept, why };
        let image = match bios::core_image(&image, self.first_sector(role)?) {
            Ok(image) => image,
            Err(error) => return Err(damaged(error.to_string())),
        };
        let mut disk = self
            .machine
            .open_disk(device)
            .map_err(UpdateError::file("open", device))?;
        let mut found = Vec::new();
        let size = image.len() as u64;
        let mut read = |disk: &mut Box<dyn megh_host::disk::RawDisk>| {
            found.clear();
            let read = disk.read_back(0, size, &mut |bytes| found.extend_from_slice(bytes));
            read.map(|()| found == image)
                .map_err(UpdateError::file("read", device))
        };
        if read(&mut disk)? {
            return Ok(Vec::new());
        }
        disk.write_at(0, &image)
            .and_then(|()| disk.sync())
            .map_err(UpdateError::file("write", device))?;
        match read(&mut disk)? {
            true => Ok(vec!["The loader for BIOS was written anew.".to_owned()]),
            false => Err(UpdateError::Differs {
                file: PartKind::BiosCore.file().to_owned(),
                partition: role,
            }),
        }
    }

    /// Where a partition begins, in sectors of 512 bytes.
    fn first_sector(&self, role: PartitionRole) -> Result<u64, UpdateError> {
        let device = self.disk.device(role)?;
        let name = device.file_name().unwrap_or_default().to_string_lossy();
        let path = self.places.path(&format!("/sys/class/block/{name}/start"));
        let text = fs::read_to_string(&path).map_err(UpdateError::file("read", &path))?;
        text.trim().parse().map_err(|_| UpdateError::Damaged {
            path,
            why: "it is no number".to_owned(),
        })
    }
}

/// The writes that put the environment and the marker right, and what they do.
/// Without any copy, the running system is what works.
fn mend(found: &Found) -> (Vec<Write>, Vec<String>) {
    let facts = &found.facts;
    let (mut writes, mut done) = (Vec::new(), Vec::new());
    let env = facts.env.unwrap_or_else(|| {
        let newest = facts.marks[0].max(facts.marks[1]);
        BootEnv::after(newest, BootChoice::settled(facts.running))
    });
    if !facts.in_step {
        writes.push(Write::Env(env));
        done.push(match facts.env {
            Some(_) => "The boot environment was copied to where it was damaged.".to_owned(),
            None => "The boot environment was written anew for the running version.".to_owned(),
        });
    }
    let belongs = |marker: Marker| marker.sequence == env.sequence();
    if !facts.marker.is_some_and(belongs) && !facts.on_trial() && found.mounted[0] {
        writes.push(Write::Marker(Marker::fresh(env.sequence())));
        done.push("The loader's marker was written anew.".to_owned());
    }
    let is_good = env.choice() == BootChoice::settled(facts.running);
    if is_good && facts.mark(facts.running) == 0 {
        writes.push(Write::Mark(facts.running, env.sequence()));
        done.push("The running slot's good mark was written anew.".to_owned());
    }
    (writes, done)
}

#[cfg(test)]
mod tests;
