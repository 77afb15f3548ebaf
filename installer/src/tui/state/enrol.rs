//! Firmware in setup mode: whether it gets the release's Secure Boot keys.

use super::{Action, Confirm, Disks, Input, State};
use crate::plan::Plan;

/// The question, between the choice of a disk and its confirmation.
pub struct Enrol {
    pub(super) plan: Box<Plan>,
    pub(super) disks: Disks,
}

impl Enrol {
    /// Which answer is marked.
    pub const fn is_yes(&self) -> bool {
        self.disks.enrol
    }

    pub(super) fn step(mut self, input: Input) -> (State, Option<Action>) {
        match input {
            // There are two answers: up is no, down is yes.
            Input::Up | Input::Character('n' | 'N') => self.disks.enrol = false,
            Input::Down | Input::Character('y' | 'Y') => self.disks.enrol = true,
            Input::Back => return (State::Disks(self.disks), None),
            Input::Enter => {
                self.plan.enrol_secure_boot = self.disks.enrol;
                return (Confirm::ask(self.plan, self.disks), None);
            }
            _ => {}
        }
        (State::Enrol(self), None)
    }
}
