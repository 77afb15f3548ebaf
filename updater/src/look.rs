//! What lies on the disk: the facts for the slot machine, and more about each slot.

use std::fs;
use std::path::Path;

use megh_model::boot_env::{Block, EnvCopy, GoodMark, MARK_FILE};
use megh_model::layout::PartitionRole;
use megh_model::release::{MANIFEST_FILE, SIGNATURE_FILE};
use megh_model::slot::Slot;
use megh_model::update::machine::Facts;
use megh_model::update::{SLOT_FILE, SlotRecord, SlotState};
use megh_model::verity::RootHash;

use crate::BootDisk;
use crate::volumes::Volumes;

/// File from which GRUB puts the kernel's command line together on BIOS.
const SLOT_ENV: &str = "slot.env";

/// What a slot's boot partition says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SlotInfo {
    /// Its record, unless it is damaged or absent.
    pub(crate) record: Option<SlotRecord>,
    /// The number of its good mark, 0 for none.
    pub(crate) mark: u64,
    /// The version that its good mark names.
    pub(crate) version: Option<String>,
    /// Its manifest and signatures, not verified.
    pub(crate) documents: Option<(Vec<u8>, Vec<u8>)>,
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) facts: Facts,
    pub(crate) slots: [SlotInfo; 2],
    /// The copies of the environment that are there.
    pub(crate) copies: [bool; 2],
    /// Whether the partitions for the copies are mounted.
    pub(crate) mounted: [bool; 2],
}

impl Found {
    pub(crate) fn slot(&self, slot: Slot) -> &SlotInfo {
        &self.slots[slot as usize]
    }

    /// The version that a slot holds, as far as that is known.
    pub(crate) fn version(&self, slot: Slot) -> Option<String> {
        let info = self.slot(slot);
        let recorded = info.record.as_ref().map(|record| record.version.clone());
        recorded.or_else(|| info.version.clone())
    }
}

/// Looks at everything.
pub(crate) fn look(volumes: &Volumes<'_>, disk: &BootDisk) -> Found {
    let env = volumes.env();
    let copies = [EnvCopy::Main, EnvCopy::Spare].map(|copy| env.copy(copy));
    let slots = Slot::ALL.map(|slot| volumes.boot(slot).map(look_at).unwrap_or_default());
    let state = |slot: Slot| {
        let info = &slots[slot as usize];
        match &info.record {
            Some(record) => record.state,
            None if info.mark > 0 => SlotState::Good,
            // What runs is there, whatever became of its record.
            None if slot == disk.slot => SlotState::OnTrial,
            None => SlotState::Empty,
        }
    };
    Found {
        facts: Facts {
            env: env.read().current,
            in_step: copies[0].is_some() && copies[0] == copies[1],
            marker: env.marker(),
            running: disk.slot,
            states: Slot::ALL.map(state),
            marks: [slots[0].mark, slots[1].mark],
        },
        copies: copies.map(|copy| copy.is_some()),
        mounted: [PartitionRole::Esp, PartitionRole::EspSpare]
            .map(|role| volumes.path(role).is_some()),
        slots,
    }
}

fn look_at(boot: &Path) -> SlotInfo {
    let read = |name: &str| fs::read(boot.join(name)).ok();
    let mark = read(MARK_FILE).and_then(|bytes| GoodMark::parse(&bytes));
    let root = read(SLOT_ENV).and_then(|bytes| root_of(&bytes));
    let number = match (&mark, root) {
        (Some(mark), Some(root)) => mark.number_for(&root),
        _ => 0,
    };
    SlotInfo {
        record: read(SLOT_FILE).and_then(|bytes| SlotRecord::parse(&bytes)),
        mark: number,
        version: mark.map(|mark| mark.version).filter(|_| number > 0),
        documents: read(MANIFEST_FILE).zip(read(SIGNATURE_FILE)),
    }
}

fn root_of(slot_env: &[u8]) -> Option<RootHash> {
    let block = Block::parse(slot_env).ok()?;
    block.get("megh_roothash")?.parse().ok()
}
