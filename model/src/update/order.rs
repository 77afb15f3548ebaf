//! What became of a trial that was ordered, seen from another slot.

use super::SlotState;
use super::machine::Facts;
use crate::boot_env::TRIES;
use crate::slot::Slot;

/// Whether the slot that was to be tried has been started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialStart {
    /// It has: the loader has written a try off, or the slot's userspace has
    /// left its trace.
    Begun,
    /// It has not: the order never reached the boot environment, was taken
    /// back, or is untouched.
    NotBegun,
    /// The loader's note is lost, and the slot's userspace was not reached.
    Unknown,
}

impl Facts {
    /// What became of the order to try a slot. A slot is [`SlotState::Staged`]
    /// when it is ordered, so that any later state is the trial's doing.
    pub fn trial_start(&self, slot: Slot) -> TrialStart {
        match self.state(slot) {
            SlotState::OnTrial | SlotState::Failed => return TrialStart::Begun,
            SlotState::Staged => {}
            SlotState::Empty | SlotState::Incomplete | SlotState::Good => {
                return TrialStart::NotBegun;
            }
        }
        let Some(env) = self.env else {
            return TrialStart::Unknown;
        };
        if env.choice().on_trial() != Some(slot) {
            return TrialStart::NotBegun;
        }
        match self.marker {
            Some(marker) if marker.sequence == env.sequence() => match marker.left < TRIES {
                true => TrialStart::Begun,
                false => TrialStart::NotBegun,
            },
            _ => TrialStart::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot_env::{BootEnv, Marker};
    use crate::slot::{BootChoice, BootOrder};

    const TRIED: Slot = Slot::B;

    fn ordered(state: SlotState, marker: Option<Marker>) -> Facts {
        let choice = BootChoice {
            order: BootOrder::starting_with(TRIED),
            good: Slot::A,
        };
        Facts {
            env: Some(BootEnv::after(6, choice)),
            in_step: true,
            marker,
            running: Slot::A,
            states: [SlotState::Good, state],
            marks: [6, 0],
        }
    }

    #[test]
    fn a_try_that_was_written_off_is_a_start() {
        let staged = |marker| ordered(SlotState::Staged, marker).trial_start(TRIED);
        assert_eq!(staged(Some(Marker::fresh(7))), TrialStart::NotBegun);
        for left in 0..TRIES {
            let marker = Marker {
                left,
                ..Marker::fresh(7)
            };
            assert_eq!(staged(Some(marker)), TrialStart::Begun);
        }
        assert_eq!(staged(Some(Marker::fresh(6))), TrialStart::Unknown);
        assert_eq!(staged(None), TrialStart::Unknown);
    }

    #[test]
    fn an_order_that_is_not_in_the_environment_was_not_begun() {
        let mut facts = ordered(SlotState::Staged, Some(Marker::fresh(7)));
        facts.env = Some(BootEnv::after(5, BootChoice::settled(Slot::A)));
        assert_eq!(facts.trial_start(TRIED), TrialStart::NotBegun);
        facts.env = None;
        assert_eq!(facts.trial_start(TRIED), TrialStart::Unknown);
    }

    #[test]
    fn what_userspace_noted_stands_whatever_the_loader_says() {
        for state in [SlotState::OnTrial, SlotState::Failed] {
            assert_eq!(ordered(state, None).trial_start(TRIED), TrialStart::Begun);
        }
        for state in [SlotState::Empty, SlotState::Incomplete, SlotState::Good] {
            let marker = Some(Marker::fresh(7));
            assert_eq!(
                ordered(state, marker).trial_start(TRIED),
                TrialStart::NotBegun
            );
        }
    }
}
