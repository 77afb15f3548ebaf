//! Judges a disk on this host: whether a machine with it would start, and
//! whether what must never be lost is there.

mod fat;
mod gpt;
mod loader;
mod slot;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::ops::Range;

use anyhow::{Context, Result};

pub use fat::{Fat, FatEntry};
pub use loader::{Choice, Environment, SlotName};
pub use slot::KnownRelease;

use crate::write_log::ReadAt;
use gpt::Partitions;
use slot::Digests;

/// More bytes than a copy of the partition table takes at an end of the disk.
const TABLE: u64 = 1 << 20;
/// The loader's own file on partition `esp`.
const MARKER: &str = "meghos/trial";
/// Where an ext4 file system has its magic number, and what it is.
const EXT4_MAGIC: (u64, [u8; 2]) = (1024 + 56, [0x53, 0xef]);

/// Judges disks; it remembers what it has computed.
#[derive(Debug)]
pub struct Checker {
    known: Vec<KnownRelease>,
    digests: Digests,
    /// The last table whose copies were both sound, with its fingerprint.
    sound: Option<(u64, Partitions)>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What must not be, as sentences. Empty: the machine starts.
    pub violations: Vec<String>,
    /// What the loader would do.
    pub choice: Option<Choice>,
    /// The version that would be started.
    pub version: Option<String>,
}

impl Checker {
    /// A judge that knows these releases; anything else in a slot is damage.
    pub fn new(known: Vec<KnownRelease>) -> Self {
        Self {
            known,
            digests: Digests::default(),
            sound: None,
        }
    }

    /// Judges a disk.
    pub fn check(&mut self, disk: &dyn ReadAt) -> Verdict {
        let mut verdict = Verdict::default();
        if let Err(error) = self.judge(disk, &mut verdict) {
            verdict.violations.push(format!("{error:#}"));
        }
        verdict
    }

    fn judge(&mut self, disk: &dyn ReadAt, verdict: &mut Verdict) -> Result<()> {
        let partitions = self.table(disk, verdict)?;
        self.judge_loaders(disk, &partitions, verdict);
        let choice = choice(disk, &partitions)?;
        verdict.choice = Some(choice);
        if choice.environment.is_none() {
            let text = "both copies of the boot environment are damaged";
            verdict.violations.push(text.to_owned());
        }
        verdict.version = self.judge_slot(disk, &partitions, choice.slot, "next", verdict);
        let good = choice.environment.map_or(choice.slot, |found| found.good);
        if good != choice.slot {
            self.judge_slot(disk, &partitions, good, "good", verdict);
        }
        judge_state(disk, &partitions, verdict)
    }

    fn table(&mut self, disk: &dyn ReadAt, verdict: &mut Verdict) -> Result<Partitions> {
        let size = disk.size();
        let tail = size.saturating_sub(TABLE)..size;
        let print = disk.fingerprint(0..TABLE.min(size)) ^ disk.fingerprint(tail).rotate_left(1);
        if let Some((_, partitions)) = self.sound.as_ref().filter(|sound| sound.0 == print) {
            return Ok(partitions.clone());
        }
        let table = gpt::read(disk);
        for (name, copy) in [("table", &table.primary), ("spare table", &table.backup)] {
            if let Err(error) = copy {
                let text = format!("the partition {name}: {error:#}");
                verdict.violations.push(text);
            }
        }
        if let (Ok(partitions), Ok(_)) = (&table.primary, &table.backup) {
            self.sound = Some((print, partitions.clone()));
        }
        table.primary.or(table.backup)
    }

    fn judge_slot(
        &mut self,
        disk: &dyn ReadAt,
        partitions: &Partitions,
        slot: SlotName,
        role: &str,
        verdict: &mut Verdict,
    ) -> Option<String> {
        let letter = slot.letter();
        let place = |kind| partition(partitions, &format!("{kind}-{letter}"));
        let found = place("boot")
            .and_then(|boot| Ok((boot, place("root")?)))
            .and_then(|(boot, root)| {
                slot::whole(disk, &boot, &root, &self.known, &mut self.digests)
            });
        match found {
            Ok(release) => Some(release.version.clone()),
            Err(error) => {
                let text = format!("slot {letter}, the {role} one, is not whole: {error:#}");
                verdict.violations.push(text);
                None
            }
        }
    }

    /// One partition with loaders is enough, and none holds half of one.
    fn judge_loaders(&mut self, disk: &dyn ReadAt, partitions: &Partitions, verdict: &mut Verdict) {
        let mut errors = Vec::new();
        for name in ["esp", "esp-spare"] {
            let found = partition(partitions, name)
                .and_then(|place| Fat::open(disk, place))
                .and_then(|esp| slot::loaders(disk, &esp, &self.known, &mut self.digests));
            if let Err(error) = found {
                errors.push(format!("loaders on {name}: {error:#}"));
            }
        }
        let half = |text: &String| !text.ends_with("is absent");
        if errors.len() == 2 || errors.iter().any(half) {
            verdict.violations.append(&mut errors);
        }
    }
}

/// What the loader would do with this disk.
fn choice(disk: &dyn ReadAt, partitions: &Partitions) -> Result<Choice> {
    let fat = |name: &str| Fat::open(disk, partition(partitions, name)?);
    let environment = |name| fat(name).ok().as_ref().and_then(loader::environment);
    let marker = fat("esp")
        .and_then(|esp| esp.read(MARKER, 1 << 16))
        .ok()
        .flatten();
    let mark = |name| fat(name).as_ref().map_or(0, loader::mark);
    Ok(loader::choose(
        environment("esp"),
        environment("esp-spare"),
        marker.as_deref(),
        [mark("boot-a"), mark("boot-b")],
    ))
}

fn judge_state(disk: &dyn ReadAt, partitions: &Partitions, verdict: &mut Verdict) -> Result<()> {
    let state = partition(partitions, "state")?;
    let (offset, expected) = EXT4_MAGIC;
    let mut found = [0; 2];
    disk.read_at(state.start + offset, &mut found)
        .context("reading the state partition")?;
    if found != expected {
        let text = "the state partition holds no file system";
        verdict.violations.push(text.to_owned());
    }
    Ok(())
}

fn partition(partitions: &Partitions, name: &str) -> Result<Range<u64>> {
    partitions
        .get(name)
        .cloned()
        .with_context(|| format!("there is no partition `{name}`"))
}

/// Both copies of the boot environment, the main one first; none where a copy is
/// damaged.
pub fn environments(disk: &dyn ReadAt) -> Result<[Option<Environment>; 2]> {
    let copy = |name| -> Result<Option<Environment>> {
        let esp = Fat::open(disk, partition_place(disk, name)?)?;
        Ok(loader::environment(&esp))
    };
    Ok([copy("esp")?, copy("esp-spare")?])
}

/// Where a partition lies on a disk, in bytes.
pub fn partition_place(disk: &dyn ReadAt, name: &str) -> Result<Range<u64>> {
    let table = gpt::read(disk);
    partition(&table.primary.or(table.backup)?, name)
}

/// Where a file of a partition lies on a disk, in bytes, in its order.
pub fn file_stretches(disk: &dyn ReadAt, name: &str, path: &str) -> Result<Vec<Range<u64>>> {
    let fat = Fat::open(disk, partition_place(disk, name)?)
        .with_context(|| format!("opening partition `{name}`"))?;
    let entry = fat
        .find(path)?
        .with_context(|| format!("partition `{name}` has no {path}"))?;
    fat.stretches(&entry)
}
