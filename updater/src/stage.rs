//! `stage`: a release into the other slot.
//!
//! The order is the slot machine's: the slot is taken out of the loader's hands
//! first and given back last, after everything was read back from the medium.
//! Nothing of the running slot, the state but the updater's own directory, or
//! the loaders is written.

mod boot;
mod root;

use megh_host::Machine;
use megh_model::layout::PartitionRole;
use megh_model::release::{PartKind, VerifiedManifest};
use megh_model::slot::Slot;
use megh_model::update::machine::{self, Write};
use megh_model::update::{Phase, SlotRecord, SlotState, Staged};

use crate::examine::{Chosen, Wish};
use crate::lock::Lock;
use crate::look::{Found, look};
use crate::perform::Performer;
use crate::report::{Meter, Sink};
use crate::source::{Site, sticks};
use crate::volumes::{Access, Volumes};
use crate::{BootDisk, Places, UpdateError, Updater};

/// What is to be staged.
#[derive(Debug, Clone, Default)]
pub struct StageRequest {
    /// The version; none is the newest.
    pub version: Option<String>,
    /// An address, a directory or a device; none is the source that is set, or
    /// a stick.
    pub from: Option<String>,
    /// A person's word that an old release is meant.
    pub allow_expired: bool,
}

/// A staging that runs.
struct Work<'a, 's> {
    machine: &'a dyn Machine,
    places: &'a Places,
    disk: &'a BootDisk,
    site: &'a Site<'a>,
    chosen: &'a Chosen,
    target: Slot,
    meter: &'a mut Meter<'s>,
    /// Bytes done of the phase, without the part at work.
    done: u64,
    /// Bytes fetched, without the part at work.
    fetched: u64,
    /// The manifest of the running slot, if it is in order.
    running: Option<VerifiedManifest>,
}

impl Updater<'_> {
    /// Puts a release into the other slot. What an interrupted staging has left
    /// there is used. A release that lies ready already is left as it is.
    pub fn stage(
        &self,
        request: &StageRequest,
        sink: &mut Sink<'_>,
    ) -> Result<Staged, UpdateError> {
        let _lock = Lock::take(&self.places)?;
        let mut meter = Meter::new(&self.places, sink);
        meter.enter(Phase::Checking, 0);
        // Said at once: a source that is slow must not keep the health gate of a
        // version on trial from its turn.
        machine::stage(&self.peek(|_| ()).0.facts)?;
        self.tell_if_nobody_has();
        let wish = Wish {
            version: request.version.as_deref().map(version).transpose()?,
            allow_expired: request.allow_expired,
        };
        let site = self.site(request, &wish)?;
        let settings = self.settings();
        let chosen = self
            .examiner(&settings)
            .examine(&site, &wish)?
            .choose(&wish)?;
        let staged = self.write_slot(&site, &chosen, &mut meter);
        self.refresh();
        staged
    }

    /// The place that is named, or set, or the first stick with something.
    fn site(&self, request: &StageRequest, wish: &Wish) -> Result<Site<'_>, UpdateError> {
        let settings = self.settings();
        let named = request.from.as_ref().or(settings.source.as_ref());
        if let Some(named) = named {
            return Site::open(self.machine, &self.places, named, settings.bandwidth);
        }
        for device in sticks(&self.places, &self.disk) {
            let Ok(site) = Site::on_device(self.machine, &self.places, &device) else {
                continue;
            };
            if self.examiner(&settings).examine(&site, wish).is_ok() {
                return Ok(site);
            }
        }
        Err(UpdateError::NoSource)
    }

    fn write_slot(
        &self,
        site: &Site<'_>,
        chosen: &Chosen,
        meter: &mut Meter<'_>,
    ) -> Result<Staged, UpdateError> {
        let mut volumes = Volumes::open(self.machine, &self.places, &self.disk, Access::Write);
        let found = look(&volumes, &self.disk);
        if let Some(staged) = ready(&found, chosen) {
            return Ok(staged);
        }
        let (target, writes) = machine::stage(&found.facts)?;
        meter.enter(Phase::Preparing, 0);
        let (last, first) = writes.split_last().expect("the slot is invalidated");
        debug_assert_eq!(*last, Write::State(target, SlotState::Incomplete));
        Performer {
            machine: self.machine,
            disk: &self.disk,
            volumes: &volumes,
            found: &found,
            now: self.now(),
        }
        .all(first)?;
        if !first.is_empty() {
            self.take_order_back();
        }
        let running = self.manifest_of(&found, self.disk.slot);
        let mut work = Work {
            machine: self.machine,
            places: &self.places,
            disk: &self.disk,
            site,
            chosen,
            target,
            meter,
            done: 0,
            fetched: 0,
            running,
        };
        let record = work.record(SlotState::Incomplete, self.now());
        work.invalidate(&mut volumes, &found, &record)?;
        work.meter.enter(Phase::Writing, chosen.size());
        work.write_root()?;
        work.write_boot(&volumes)?;
        (work.done, work.fetched) = (0, work.fetched);
        work.meter.enter(Phase::Verifying, chosen.size());
        work.read_root_back()?;
        work.read_boot_back()?;
        let record = work.record(SlotState::Staged, self.now());
        work.give_back(&record)?;
        volumes.release()?;
        Ok(staged(target, &record))
    }

    /// The manifest of a slot, if it is there and was signed rightly.
    pub(crate) fn manifest_of(&self, found: &Found, slot: Slot) -> Option<VerifiedManifest> {
        self.examiner(&self.settings()).manifest_of(found, slot)
    }
}

/// The release, if it lies ready in the other slot already.
fn ready(found: &Found, chosen: &Chosen) -> Option<Staged> {
    let slot = found.facts.running.other();
    let record = found.slot(slot).record.as_ref()?;
    let hash = &chosen.signed.manifest.verity().root_hash;
    let same = record.state == SlotState::Staged && record.root_hash == *hash;
    let documents = found.slot(slot).documents.as_ref();
    let same_manifest = documents.is_some_and(|(bytes, _)| *bytes == chosen.signed.bytes);
    (same && same_manifest).then(|| staged(slot, record))
}

pub(crate) fn staged(slot: Slot, record: &SlotRecord) -> Staged {
    Staged {
        version: record.version.clone(),
        slot,
        at: record.at,
        fetched: record.fetched,
        size: record.size,
    }
}

fn version(text: &str) -> Result<megh_model::release::Version, UpdateError> {
    text.parse()
        .map_err(|_| UpdateError::BadVersion(text.to_owned()))
}

impl Work<'_, '_> {
    fn boot_role(&self) -> PartitionRole {
        PartitionRole::boot(self.target)
    }

    fn root_role(&self) -> PartitionRole {
        PartitionRole::root(self.target)
    }

    /// The slot's record in a state.
    fn record(&self, state: SlotState, now: u64) -> SlotRecord {
        let manifest = &self.chosen.signed.manifest;
        SlotRecord {
            schema: 1,
            state,
            version: manifest.version().to_string(),
            root_hash: manifest.verity().root_hash.clone(),
            at: now,
            fetched: self.fetched,
            size: self.chosen.size(),
        }
    }

    /// A part is done.
    fn part_done(&mut self, kind: PartKind, fetched: u64) {
        self.done += self.chosen.signed.manifest.part(kind).size;
        self.fetched += fetched;
    }
}

#[cfg(test)]
mod tests;
