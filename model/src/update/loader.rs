//! What the loader starts: the rules of its configuration (`disk.cfg`), said
//! once more where they can be tried out by the million.

use crate::boot_env::{BootEnv, LastStart, Marker, StartReason, VAIN_STARTS, choose};
use crate::slot::Slot;

/// What the loader finds on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderView {
    /// The environment's copy on `esp`, if it is valid.
    pub main: Option<BootEnv>,
    /// The copy on `esp-spare`, if it is valid.
    pub spare: Option<BootEnv>,
    /// The marker.
    pub marker: MarkerView,
    /// The numbers of the good marks of slots A and B, 0 for none.
    pub marks: [u64; 2],
}

/// The marker's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerView {
    /// What it says; none when it cannot be read.
    pub marker: Option<Marker>,
    /// Whether the loader can write over it.
    pub writable: bool,
}

/// What the loader does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The slot that is started; when it cannot be loaded, the other one is.
    pub first: Slot,
    /// Why that one.
    pub why: StartReason,
    /// What the marker says afterwards, when it was written.
    pub marker: Option<Marker>,
}

/// Decides a start nobody takes a hand in.
pub fn decide(view: &LoaderView) -> Start {
    let Some(env) = choose(view.main, view.spare).current else {
        return by_marks(view);
    };
    let good = env.choice().good;
    match env.choice().on_trial() {
        Some(slot) => trial(view, env, slot),
        None => in_turn(view, env.sequence(), good, StartReason::Usual),
    }
}

/// Both copies of the environment are lost: the slot that last did its job.
fn by_marks(view: &LoaderView) -> Start {
    let [a, b] = view.marks;
    let good = if b > a { Slot::B } else { Slot::A };
    in_turn(view, 0, good, StartReason::Marks)
}

/// A slot on trial is started only after one of its tries was written off.
fn trial(view: &LoaderView, env: BootEnv, slot: Slot) -> Start {
    let (left, vain) = view.counts(env.sequence());
    if left > 0 && view.marker.writable {
        return noted(env.sequence(), slot, StartReason::Trial, left - 1, vain);
    }
    Start {
        first: env.choice().good,
        why: StartReason::Spent,
        marker: None,
    }
}

/// The good slot, or in turn the other one when the good one shows no life.
fn in_turn(view: &LoaderView, sequence: u64, good: Slot, why: StartReason) -> Start {
    let (left, vain) = view.counts(sequence);
    let given_up = vain >= VAIN_STARTS && view.marks[good.other() as usize] > 0;
    let (slot, why) = if given_up {
        (good.other(), StartReason::Vain)
    } else {
        (good, why)
    };
    let mut start = noted(sequence, slot, why, left, (vain + 1) % (2 * VAIN_STARTS));
    if !view.marker.writable {
        start.marker = None;
    }
    start
}

fn noted(sequence: u64, slot: Slot, why: StartReason, left: u8, vain: u8) -> Start {
    let last = Some(LastStart { slot, why });
    Start {
        first: slot,
        why,
        marker: Some(Marker {
            sequence,
            left,
            vain,
            last,
        }),
    }
}

impl LoaderView {
    /// Starts left and starts in vain, of a marker for that environment.
    fn counts(&self, sequence: u64) -> (u8, u8) {
        let marker = self
            .marker
            .marker
            .filter(|marker| marker.sequence == sequence);
        marker.map_or((0, 0), |marker| (marker.left, marker.vain))
    }
}

#[cfg(test)]
mod tests;
