//! The root file system, straight into its partition.

use std::fs::File;

use megh_model::layout::PartitionRole;
use megh_model::release::{PartError, PartKind};

use super::Work;
use crate::UpdateError;
use crate::fetch::{Assembly, Seed, assemble};

impl Work<'_, '_> {
    /// Takes from the running root what is the same, fetches the rest, and
    /// waits until all is on the medium.
    pub(super) fn write_root(&mut self) -> Result<(), UpdateError> {
        let device = self.disk.device(self.root_role())?;
        let target = self
            .machine
            .open_target(device)
            .map_err(UpdateError::file("open", device))?;
        let seeds = self.running_root().into_iter().collect();
        self.assemble(PartKind::Root, &target, seeds)
    }

    /// The part of the running slot.
    fn running_root(&self) -> Option<Seed> {
        let role = PartitionRole::root(self.disk.slot);
        let file = File::open(self.disk.device(role).ok()?).ok()?;
        let len = self.running.as_ref()?.part(PartKind::Root).size;
        Some(Seed {
            file,
            offset: 0,
            len,
        })
    }

    /// Puts a part together in its place.
    pub(super) fn assemble(
        &mut self,
        kind: PartKind,
        target: &File,
        seeds: Vec<Seed>,
    ) -> Result<(), UpdateError> {
        let resume = self.places.kept(&format!("resume-{kind}"));
        let job = Assembly {
            source: self.site.source.as_ref(),
            dir: &self.chosen.dir,
            manifest: &self.chosen.signed.manifest,
            kind,
            seeds,
            target,
            resume: Some(&resume),
        };
        let (done, fetched) = (self.done, self.fetched);
        let meter = &mut *self.meter;
        let counts = assemble(&job, &mut |counts| {
            meter.at(done + counts.done, fetched + counts.fetched);
        })?;
        self.part_done(kind, counts.fetched);
        Ok(())
    }

    /// Reads the partition past the page cache and compares all of it, data and
    /// verity tree, with the manifest.
    pub(super) fn read_root_back(&mut self) -> Result<(), UpdateError> {
        let role = self.root_role();
        let device = self.disk.device(role)?;
        let manifest = &self.chosen.signed.manifest;
        let size = manifest.part(PartKind::Root).size;
        let mut check = manifest.check(PartKind::Root);
        let mut wrong: Result<(), PartError> = Ok(());
        let (mut read, fetched) = (0, self.fetched);
        let meter = &mut *self.meter;
        self.machine
            .open_disk(device)
            .and_then(|mut disk| {
                disk.read_back(0, size, &mut |bytes| {
                    read += bytes.len() as u64;
                    meter.at(read, fetched);
                    if wrong.is_ok() {
                        wrong = check.update(bytes);
                    }
                })
            })
            .map_err(UpdateError::file("read back", device))?;
        wrong
            .and_then(|()| check.finish())
            .map_err(|source| UpdateError::ReadBack {
                partition: role,
                source,
            })?;
        self.part_done(PartKind::Root, 0);
        Ok(())
    }
}
