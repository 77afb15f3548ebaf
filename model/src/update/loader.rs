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
    let marker = view
        .marker
        .marker
        .filter(|marker| marker.sequence == env.sequence());
    match env.choice().on_trial() {
        Some(slot) => trial(view, env, slot, marker),
        None => usual(view, env, marker),
    }
}

/// Both copies of the environment are lost: the slot that last did its job.
fn by_marks(view: &LoaderView) -> Start {
    let [a, b] = view.marks;
    let first = if b > a { Slot::B } else { Slot::A };
    Start {
        first,
        why: StartReason::Marks,
        marker: None,
    }
}

/// A slot on trial is started only after one of its tries was written off.
fn trial(view: &LoaderView, env: BootEnv, slot: Slot, marker: Option<Marker>) -> Start {
    let left = marker.map_or(0, |marker| marker.left);
    if left > 0 && view.marker.writable {
        let vain = marker.map_or(0, |marker| marker.vain);
        return noted(env, slot, StartReason::Trial, left - 1, vain);
    }
    Start {
        first: env.choice().good,
        why: StartReason::Spent,
        marker: None,
    }
}

/// The good slot, or in turn the other one when the good one shows no life.
fn usual(view: &LoaderView, env: BootEnv, marker: Option<Marker>) -> Start {
    let good = env.choice().good;
    let vain = marker.map_or(0, |marker| marker.vain);
    let given_up = vain >= VAIN_STARTS && view.marks[good.other() as usize] > 0;
    let (slot, why) = if given_up {
        (good.other(), StartReason::Vain)
    } else {
        (good, StartReason::Usual)
    };
    let left = marker.map_or(0, |marker| marker.left);
    let mut start = noted(env, slot, why, left, (vain + 1) % (2 * VAIN_STARTS));
    if !view.marker.writable {
        start.marker = None;
    }
    start
}

fn noted(env: BootEnv, slot: Slot, why: StartReason, left: u8, vain: u8) -> Start {
    let last = Some(LastStart { slot, why });
    Start {
        first: slot,
        why,
        marker: Some(Marker {
            sequence: env.sequence(),
            left,
            vain,
            last,
        }),
    }
}

#[cfg(test)]
mod tests;
