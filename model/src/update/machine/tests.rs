//! Random histories of a disk, with the power cut after any write.

use proptest::prelude::*;

use super::*;
use crate::boot_env::choose;
use crate::update::loader::{LoaderView, MarkerView, decide};

/// What really lies in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Nothing that can be loaded.
    Nothing,
    /// It does its job.
    Works,
    /// It is loaded, and never comes to userspace.
    Panics,
    /// It comes up, and the gate fails.
    Sick,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A release is staged; the power may fail after so many writes.
    Stage(Content, Option<usize>),
    Apply(Option<usize>),
    Rollback(Option<usize>),
    /// The power fails, or a person restarts the machine.
    Restart,
    /// A person chooses the other slot in the boot menu.
    ByHand,
    /// A copy of the environment becomes unreadable.
    LoseCopy(bool),
    LoseMarker,
    /// The slot that runs never starts again.
    Rot,
    /// The machine is left alone for this many writes of its next start.
    CutStart(usize),
}

#[derive(Debug, Clone)]
struct Machine {
    copies: [Option<BootEnv>; 2],
    marker: Option<Marker>,
    contents: [Content; 2],
    states: [SlotState; 2],
    marks: [u64; 2],
    running: Slot,
    /// The slots that were committed, with the content that they had.
    committed: Slot,
}

impl Machine {
    fn installed() -> Self {
        let env = BootEnv::first(BootChoice::INSTALLED);
        Self {
            copies: [Some(env); 2],
            marker: Some(Marker::fresh(1)),
            contents: [Content::Works, Content::Nothing],
            states: [SlotState::Good, SlotState::Empty],
            marks: [1, 0],
            running: Slot::A,
            committed: Slot::A,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            env: choose(self.copies[0], self.copies[1]).current,
            in_step: self.copies[0] == self.copies[1],
            marker: self.marker,
            running: self.running,
            states: self.states,
            marks: self.marks,
        }
    }

    /// Makes single writes until the power fails; true when all were made.
    fn write(&mut self, writes: &[Write], left: &mut Option<usize>) -> bool {
        for write in writes {
            let steps = if matches!(write, Write::Env(_)) { 2 } else { 1 };
            for step in 0..steps {
                if *left == Some(0) {
                    return false;
                }
                self.single(*write, step);
                *left = left.map(|left| left - 1);
            }
        }
        true
    }

    fn single(&mut self, write: Write, step: usize) {
        match write {
            Write::State(slot, state) => {
                self.states[slot as usize] = state;
                if state == SlotState::Incomplete {
                    assert!(slot != self.running, "a slot in use is never written to");
                    self.marks[slot as usize] = 0;
                    self.contents[slot as usize] = Content::Nothing;
                }
            }
            Write::Mark(slot, number) => {
                assert!(slot == self.running);
                self.marks[slot as usize] = number;
            }
            Write::Marker(marker) => self.marker = Some(marker),
            Write::Env(env) => {
                // The copy not in force first; then the other.
                let first = choose(self.copies[0], self.copies[1]).write_first as usize;
                let copy = if step == 0 {
                    first
                } else {
                    other_copy(self.copies, env)
                };
                self.copies[copy] = Some(env);
            }
        }
    }

    /// Starts until something stays up, or for ever: then it is unbootable.
    fn start(&mut self, mut left: Option<usize>) {
        for _ in 0..60 {
            let view = LoaderView {
                main: self.copies[0],
                spare: self.copies[1],
                marker: MarkerView {
                    marker: self.marker,
                    writable: self.marker.is_some(),
                },
                marks: self.marks,
            };
            let start = decide(&view);
            self.marker = start.marker.or(self.marker);
            let order = [start.first, start.first.other()];
            let loaded = order
                .into_iter()
                .find(|slot| self.contents[*slot as usize] != Content::Nothing);
            self.running = loaded.expect("some slot can be loaded");
            if self.contents[self.running as usize] != Content::Panics && self.userspace(&mut left)
            {
                return;
            }
            left = None;
        }
        panic!("it never stays up: {self:?}");
    }

    /// Settles and passes the gate; false when the machine restarts.
    fn userspace(&mut self, left: &mut Option<usize>) -> bool {
        if !self.write(&settle(&self.facts()), left) {
            return false;
        }
        if self.contents[self.running as usize] == Content::Works {
            let written = self.write(&commit(&self.facts()), left);
            if written {
                self.committed = self.running;
            }
            return written;
        }
        match fail(&self.facts()) {
            GateFailure::Stay(writes) => self.write(&writes, left),
            GateFailure::GoBack(writes) => {
                self.write(&writes, left);
                false
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Stage(content, mut left) => {
                let Ok((target, writes)) = stage(&self.facts()) else {
                    return;
                };
                if self.write(&writes, &mut left) && left != Some(0) {
                    self.contents[target as usize] = content;
                    left = left.map(|left| left - 1);
                    let filled = self.facts().event(target, SlotEvent::Fill);
                    self.write(&[filled.expect("it is incomplete")], &mut left);
                }
                self.restart_if(left);
            }
            Event::Apply(mut left) => {
                if let Ok(writes) = apply(&self.facts()) {
                    self.write(&writes, &mut left);
                    self.start(None);
                }
            }
            Event::Rollback(mut left) => {
                if let Ok(writes) = rollback(&self.facts()) {
                    self.write(&writes, &mut left);
                    self.start(None);
                }
            }
            Event::Restart => self.start(None),
            Event::CutStart(writes) => self.start(Some(writes)),
            Event::ByHand => {
                let other = self.running.other();
                if self.contents[other as usize] == Content::Works {
                    self.running = other;
                    if !self.userspace(&mut None) {
                        self.start(None);
                    }
                }
            }
            Event::LoseCopy(main) => {
                self.copies[usize::from(main)] = None;
            }
            Event::LoseMarker => self.marker = None,
            Event::Rot => {
                // Only what the other good slot can make up for, and not
                // together with the loss of the loader's only note.
                let other = self.running.other() as usize;
                let way_back = self.marks[other] > 0 && self.contents[other] == Content::Works;
                if way_back && self.marker.is_some() {
                    self.contents[self.running as usize] = Content::Panics;
                    self.start(None);
                }
            }
        }
    }

    fn restart_if(&mut self, left: Option<usize>) {
        if left == Some(0) {
            self.start(None);
        }
    }

    /// What holds whenever a machine is up.
    fn check(&self) {
        let running = self.contents[self.running as usize];
        assert_eq!(running, Content::Works, "{self:?}");
        assert_eq!(self.committed, self.running, "{self:?}");
        let facts = self.facts();
        if let Some(env) = facts.env {
            assert_eq!(
                env.choice().good,
                self.running,
                "the last good slot is known"
            );
        }
        assert!(facts.mark(self.running) > 0);
    }
}

/// After the first copy was written, the one that does not have `env` yet.
fn other_copy(copies: [Option<BootEnv>; 2], env: BootEnv) -> usize {
    usize::from(copies[0] == Some(env))
}

fn any_event() -> impl Strategy<Value = Event> {
    let cut = || prop::option::weighted(0.4, 0..7usize);
    let content = prop::sample::select(vec![Content::Works, Content::Panics, Content::Sick]);
    prop_oneof![
        4 => (content, cut()).prop_map(|(content, cut)| Event::Stage(content, cut)),
        4 => cut().prop_map(Event::Apply),
        1 => cut().prop_map(Event::Rollback),
        2 => Just(Event::Restart),
        1 => Just(Event::ByHand),
        2 => any::<bool>().prop_map(Event::LoseCopy),
        1 => Just(Event::LoseMarker),
        1 => Just(Event::Rot),
        2 => (0..8usize).prop_map(Event::CutStart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_history_makes_a_machine_unbootable_or_forgets_the_last_good_slot(
        events in prop::collection::vec(any_event(), 1..40)
    ) {
        let mut machine = Machine::installed();
        for event in events {
            machine.happen(event);
            machine.check();
        }
    }
}

fn history(events: &[Event]) -> Machine {
    let mut machine = Machine::installed();
    for event in events {
        machine.happen(*event);
        machine.check();
    }
    machine
}

#[test]
fn there_and_back_again() {
    let update = [Event::Stage(Content::Works, None), Event::Apply(None)];
    let once = history(&update);
    assert_eq!((once.running, once.states), (Slot::B, [SlotState::Good; 2]));
    let twice = history(&[update, update].concat());
    assert_eq!(twice.running, Slot::A);
    let back = history(&[&update[..], &[Event::Rollback(None)]].concat());
    assert_eq!((back.running, back.states), (Slot::A, [SlotState::Good; 2]));
}

#[test]
fn what_does_not_do_its_job_ends_in_the_old_slot() {
    for content in [Content::Panics, Content::Sick] {
        let machine = history(&[Event::Stage(content, None), Event::Apply(None)]);
        assert_eq!(machine.running, Slot::A);
        assert_eq!(machine.states, [SlotState::Good, SlotState::Failed]);
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let mut facts = Machine::installed().facts();
    assert_eq!(apply(&facts), Err(Refusal::NothingStaged));
    assert_eq!(rollback(&facts), Err(Refusal::NoWayBack));
    facts.running = Slot::B;
    assert_eq!(stage(&facts), Err(Refusal::NotCommitted));
    assert_eq!(apply(&facts), Err(Refusal::NotCommitted));
    facts.env = None;
    assert_eq!(stage(&facts), Err(Refusal::NoEnvironment));
    assert_eq!(fail(&facts), GateFailure::Stay(Vec::new()));
    assert_eq!(Refusal::NoEnvironment.code(), "boot-environment-lost");
}

#[test]
fn a_whole_slot_whose_record_was_cut_off_can_do_its_job() {
    let mut machine = Machine::installed();
    machine.contents[1] = Content::Works;
    machine.states[1] = SlotState::Incomplete;
    machine.happen(Event::ByHand);
    machine.check();
    assert_eq!(
        (machine.running, machine.states),
        (Slot::B, [SlotState::Good; 2])
    );
    assert_eq!(
        SlotState::Incomplete.after(SlotEvent::Start),
        Some(SlotState::OnTrial)
    );
    assert_eq!(SlotState::Incomplete.after(SlotEvent::Fail), None);
}

#[test]
fn a_slot_that_holds_nothing_cannot_be_started_and_a_whole_one_is_written_only_once() {
    for event in [SlotEvent::Start, SlotEvent::Pass, SlotEvent::Fail] {
        assert_eq!(SlotState::Empty.after(event), None);
    }
    for state in [SlotState::Staged, SlotState::Good, SlotState::Failed] {
        assert_eq!(state.after(SlotEvent::Fill), None);
        assert_eq!(
            state.after(SlotEvent::Invalidate),
            Some(SlotState::Incomplete)
        );
    }
}
