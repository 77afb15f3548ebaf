//! The slot machine: which writes follow from what has happened.
//!
//! Each function looks at the [`Facts`] and returns the writes to be made, in
//! their order, each on the medium before the next begins. The machine may lose
//! power after any of them: what the loader then starts ([`super::loader`]) is a
//! slot that works, and what is found afterwards leads on. The tests try that
//! out with random histories.

use crate::boot_env::{BootEnv, LastStart, Marker, StartReason};
use crate::slot::{BootChoice, BootOrder, Slot};

use super::{SlotState, TrialStart};

/// What happens to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotEvent {
    /// A release is about to be written to it.
    Invalidate,
    /// All of it was written and read back.
    Fill,
    /// Userspace runs from it.
    Start,
    /// It did its job.
    Pass,
    /// It did not do its job.
    Fail,
}

impl SlotState {
    /// The state after an event; none when that cannot happen in this state.
    pub const fn after(self, event: SlotEvent) -> Option<Self> {
        use SlotEvent::{Fail, Fill, Invalidate, Pass, Start};
        match (self, event) {
            (_, Invalidate) => Some(Self::Incomplete),
            (Self::Incomplete, Fill) => Some(Self::Staged),
            // Cut off before its record said that all was read back: what was
            // started was whole.
            (Self::Incomplete, Start) => Some(Self::OnTrial),
            (Self::Incomplete, Pass) => Some(Self::Good),
            (Self::Good, Start) => Some(Self::Good),
            (Self::Staged | Self::OnTrial | Self::Failed, Start) => Some(Self::OnTrial),
            (Self::Staged | Self::OnTrial | Self::Failed | Self::Good, Pass) => Some(Self::Good),
            (Self::Staged | Self::OnTrial | Self::Failed, Fail) => Some(Self::Failed),
            // One that did its job before keeps its mark: it is the way back.
            (Self::Good, Fail) => Some(Self::Good),
            (Self::Empty, Start | Pass) | (Self::Empty | Self::Incomplete, Fail) | (_, Fill) => {
                None
            }
        }
    }
}

/// What is known when something is to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The boot environment in force; none when both copies are lost.
    pub env: Option<BootEnv>,
    /// Whether both copies of it say the same.
    pub in_step: bool,
    /// The loader's marker, if it can be read.
    pub marker: Option<Marker>,
    /// The slot that this system runs from.
    pub running: Slot,
    /// What slots A and B hold.
    pub states: [SlotState; 2],
    /// The numbers of their good marks, 0 for none.
    pub marks: [u64; 2],
}

/// One write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A slot's record. With [`SlotState::Incomplete`] go its good mark and all
    /// that the loader would start.
    State(Slot, SlotState),
    /// A slot's good mark, with this number.
    Mark(Slot, u64),
    /// The loader's marker.
    Marker(Marker),
    /// The boot environment: first the copy that is not in force.
    Env(BootEnv),
}

/// Why something cannot be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing says which slot is the good one.
    #[error("both copies of the boot environment are lost")]
    NoEnvironment,
    /// The running slot has not proved itself: the other one is the way back.
    #[error("the system that runs is not committed yet, and the other slot is the way back")]
    NotCommitted,
    /// Nothing lies ready.
    #[error("no release lies ready in the other slot")]
    NothingStaged,
    /// There is no way back.
    #[error("the other slot holds no system that has done its job")]
    NoWayBack,
}

impl Refusal {
    /// The reason's stable name, for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoEnvironment => "boot-environment-lost",
            Self::NotCommitted => "not-committed",
            Self::NothingStaged => "nothing-staged",
            Self::NoWayBack => "no-way-back",
        }
    }
}

impl Facts {
    /// What a slot holds.
    pub const fn state(&self, slot: Slot) -> SlotState {
        self.states[slot as usize]
    }

    /// The number of a slot's good mark, 0 for none.
    pub const fn mark(&self, slot: Slot) -> u64 {
        self.marks[slot as usize]
    }

    /// Whether this system is on trial.
    pub fn on_trial(&self) -> bool {
        let trial = self.env.and_then(|env| env.choice().on_trial());
        trial == Some(self.running)
    }

    /// Whether the loader tries another slot than the good one.
    pub fn trial_is_ordered(&self) -> bool {
        self.env
            .is_some_and(|env| env.choice().on_trial().is_some())
    }

    /// What the loader did last, if its marker belongs to the environment.
    pub fn last_start(&self) -> Option<LastStart> {
        let env = self.env?;
        let marker = self.marker?;
        (marker.sequence == env.sequence())
            .then_some(marker.last)
            .flatten()
    }

    /// The environment that follows, with a choice of its own.
    fn next(&self, choice: BootChoice) -> BootEnv {
        let newest = self.marks[0].max(self.marks[1]);
        match self.env {
            Some(env) => env.next(choice),
            None => BootEnv::after(newest, choice),
        }
    }

    /// The writes that make `choice` the loader's with a fresh marker. A trial
    /// needs its marker before it begins; without a trial it does not matter.
    fn choose(&self, choice: BootChoice) -> [Write; 2] {
        let env = self.next(choice);
        let marker = Write::Marker(Marker::fresh(env.sequence()));
        match choice.on_trial() {
            Some(_) => [marker, Write::Env(env)],
            None => [Write::Env(env), marker],
        }
    }

    fn event(&self, slot: Slot, event: SlotEvent) -> Option<Write> {
        let before = self.state(slot);
        let after = before.after(event)?;
        (after != before).then_some(Write::State(slot, after))
    }
}

/// Before a release is written: the slot that takes it, and the writes that
/// take that slot out of the loader's hands.
pub fn stage(facts: &Facts) -> Result<(Slot, Vec<Write>), Refusal> {
    let env = facts.env.ok_or(Refusal::NoEnvironment)?;
    if env.choice().good != facts.running {
        return Err(Refusal::NotCommitted);
    }
    let target = facts.running.other();
    let mut writes = Vec::new();
    if env.choice().on_trial().is_some() {
        writes.extend(facts.choose(BootChoice::settled(facts.running)));
    }
    writes.push(Write::State(target, SlotState::Incomplete));
    Ok((target, writes))
}

/// Has the loader try what lies ready.
pub fn apply(facts: &Facts) -> Result<Vec<Write>, Refusal> {
    let env = facts.env.ok_or(Refusal::NoEnvironment)?;
    if env.choice().good != facts.running {
        return Err(Refusal::NotCommitted);
    }
    let target = facts.running.other();
    if facts.state(target) != SlotState::Staged {
        return Err(Refusal::NothingStaged);
    }
    let choice = BootChoice {
        order: BootOrder::starting_with(target),
        good: facts.running,
    };
    Ok(facts.choose(choice).into())
}

/// Early at a start: what the last one left behind.
pub fn settle(facts: &Facts) -> Vec<Write> {
    let running = facts.running;
    let Some(env) = facts.env else {
        // The loader went by the marks; what it started is what it should know.
        return match facts.mark(running) > 0 {
            true => facts.choose(BootChoice::settled(running)).into(),
            false => Vec::new(),
        };
    };
    match env.choice().on_trial() {
        Some(trial) if trial == running => {
            let started = facts.event(trial, SlotEvent::Start);
            mended(facts, env).into_iter().chain(started).collect()
        }
        Some(trial) => {
            // The slot first: afterwards nothing tells that it was tried.
            let begun = facts.trial_start(trial) == TrialStart::Begun;
            let failed = begun.then(|| facts.event(trial, SlotEvent::Fail));
            let mut writes: Vec<Write> = failed.flatten().into_iter().collect();
            writes.extend(facts.choose(BootChoice::settled(env.choice().good)));
            writes
        }
        None => mended(facts, env).into_iter().collect(),
    }
}

/// A copy of the environment that was lost, or that a power cut left behind.
fn mended(facts: &Facts, env: BootEnv) -> Option<Write> {
    (!facts.in_step).then_some(Write::Env(env))
}

/// After the gate has passed: this slot is the good one.
pub fn commit(facts: &Facts) -> Vec<Write> {
    let running = facts.running;
    let settled = BootChoice::settled(running);
    if let Some(env) = facts.env
        && env.choice() == settled
        && facts.mark(running) > 0
    {
        let mut writes: Vec<Write> = facts.event(running, SlotEvent::Pass).into_iter().collect();
        writes.extend(alive(facts, env));
        return writes;
    }
    let [first, second] = facts.choose(settled);
    let sequence = facts.next(settled).sequence();
    let mut writes = vec![Write::Mark(running, sequence), first, second];
    writes.extend(facts.event(running, SlotEvent::Pass));
    writes
}

/// Starts in vain are counted anew, because this one was not.
fn alive(facts: &Facts, env: BootEnv) -> Option<Write> {
    let fresh = Marker::fresh(env.sequence());
    let counted = facts
        .marker
        .is_none_or(|marker| marker.sequence != env.sequence() || marker.vain != 0);
    counted.then_some(Write::Marker(fresh))
}

/// After the gate has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateFailure {
    /// The trial is over: after these writes the machine restarts.
    GoBack(Vec<Write>),
    /// There is nothing better to go to: the system stays up, so that somebody
    /// can look at it.
    Stay(Vec<Write>),
}

/// Decides what follows from a gate that has failed.
pub fn fail(facts: &Facts) -> GateFailure {
    let (running, Some(env)) = (facts.running, facts.env) else {
        return GateFailure::Stay(Vec::new());
    };
    if !facts.on_trial() {
        return GateFailure::Stay(alive(facts, env).into_iter().collect());
    }
    let mut writes: Vec<Write> = facts.choose(BootChoice::settled(env.choice().good)).into();
    writes.extend(facts.event(running, SlotEvent::Fail));
    GateFailure::GoBack(writes)
}

/// Back to the other slot, because a person wants it.
pub fn rollback(facts: &Facts) -> Result<Vec<Write>, Refusal> {
    let other = facts.running.other();
    let good = facts.env.map(|env| env.choice().good);
    if facts.mark(other) == 0 && !(facts.on_trial() && good == Some(other)) {
        return Err(Refusal::NoWayBack);
    }
    let [env, marker] = facts.choose(BootChoice::settled(other));
    // The marker first: should the other slot never come up, starts are counted.
    let mut writes = vec![marker, env];
    if facts.on_trial() {
        writes.extend(facts.event(facts.running, SlotEvent::Fail));
    }
    Ok(writes)
}

/// Whether the loader gave up the good slot, and which that was.
pub fn given_up(facts: &Facts) -> Option<Slot> {
    let last = facts.last_start()?;
    let is_it = last.why == StartReason::Vain && last.slot == facts.running;
    is_it.then(|| facts.running.other())
}

#[cfg(test)]
mod tests;
