//! Every moment at which the power could go, judged on this host.

use std::fmt;
use std::ops::Range;

use anyhow::Result;

use super::Recording;
use crate::image_check::Checker;
use crate::write_log::{Epoch, Extents, Tear};

/// How much of what was under way has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// Some writes, each whole, drawn from this seed.
    Writes(u64),
    /// Some sectors, drawn from this seed.
    Sectors(u64),
}

impl Amount {
    /// What arrives of an epoch.
    pub fn of(self, epoch: &Epoch<'_>) -> Extents {
        let draws = |seed: u64| fastrand::Rng::with_seed(seed ^ epoch.flush as u64);
        match self {
            Self::Nothing => epoch.nothing(),
            Self::Everything => epoch.everything(),
            Self::Writes(seed) => epoch.subset(&mut draws(seed), Tear::Whole),
            Self::Sectors(seed) => epoch.subset(&mut draws(seed), Tear::BySector),
        }
    }
}

/// A moment at which the power goes, and what has arrived by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The entry of the recording before which the machine stops: a flush.
    pub epoch: usize,
    /// How much of what was written since the flush before has arrived.
    pub amount: Amount,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a cut before entry {}, {:?}", self.epoch, self.amount)
    }
}

/// What was seen of all moments.
#[derive(Debug, Default)]
pub struct Examination {
    /// Times between two flushes.
    pub epochs: u64,
    /// Disks that were judged.
    pub disks: u64,
    /// Disks on which something must not be: where, and what.
    pub violations: Vec<(Cut, String)>,
    /// A sample, every cut as likely as any other, for machines to start from.
    pub sample: Vec<Cut>,
}

/// Judges every moment since the update began, each with nothing, everything
/// and `subsets` drawn parts of what was under way, whole and torn; keeps a
/// sample of `keep` cuts.
pub fn examine(recording: &Recording, seed: u64, subsets: u64, keep: usize) -> Result<Examination> {
    let mut checker = Checker::new(recording.known());
    let mut seen = Examination::default();
    let mut draws = fastrand::Rng::with_seed(seed);
    recording.replay()?.walk(recording.begin(), |epoch| {
        seen.epochs += 1;
        for amount in amounts(epoch, seed, subsets) {
            let cut = Cut {
                epoch: epoch.flush,
                amount,
            };
            let above = amount.of(epoch);
            let verdict = checker.check(&epoch.promised.with(&above));
            for violation in verdict.violations {
                seen.violations.push((cut, violation));
            }
            seen.keep(cut, keep, &mut draws);
        }
        anyhow::Ok(())
    })?;
    Ok(seen)
}

impl Examination {
    /// Keeps each of the cuts so far with the same chance.
    fn keep(&mut self, cut: Cut, keep: usize, draws: &mut fastrand::Rng) {
        self.disks += 1;
        if self.sample.len() < keep {
            self.sample.push(cut);
        } else if keep > 0 {
            let at = draws.u64(0..self.disks);
            if let Some(place) = usize::try_from(at)
                .ok()
                .and_then(|at| self.sample.get_mut(at))
            {
                *place = cut;
            }
        }
    }
}

/// The first violation on the disks of a build that does not wait until what it
/// writes to `bytes` of the disk is there; none when nobody would notice.
pub fn first_violation_without_flushes(
    recording: &Recording,
    bytes: Range<u64>,
    seed: u64,
) -> Result<Option<(Cut, String)>> {
    let mut checker = Checker::new(recording.known());
    let mut found = None;
    let replay = recording.replay()?.without_flushes_of(bytes);
    replay.walk(recording.begin(), |epoch| {
        for amount in amounts(epoch, seed, 1) {
            if found.is_some() {
                return anyhow::Ok(());
            }
            let above = amount.of(epoch);
            let verdict = checker.check(&epoch.promised.with(&above));
            let cut = Cut {
                epoch: epoch.flush,
                amount,
            };
            found = verdict
                .violations
                .into_iter()
                .next()
                .map(|text| (cut, text));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Nothing is everything when nothing is under way.
fn amounts(epoch: &Epoch<'_>, seed: u64, subsets: u64) -> Vec<Amount> {
    let mut amounts = vec![Amount::Nothing];
    if !epoch.pending.is_empty() {
        amounts.push(Amount::Everything);
        for number in 0..subsets {
            let seed = seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            amounts.extend([Amount::Writes(seed), Amount::Sectors(seed)]);
        }
    }
    amounts
}
