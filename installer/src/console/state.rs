//! What the console shows, and how keys change it. Pure.

use megh_model::update::StatusReport;

use super::facts::Facts;
use crate::tui::state::Input;

/// What has to be typed before the machine goes back to the other version.
pub const WORDS: &str = "roll back";

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// Addresses, fingerprint, versions.
    Status,
    /// Whether to go back; what was typed so far.
    Ask(String),
    /// The updater works on it.
    GoingBack,
    /// The updater refused.
    Refused(String),
}

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Go back to the other version.
    RollBack,
}

impl View {
    /// What a key leads to.
    pub fn on(self, input: &Input, facts: &Facts) -> (Self, Option<Action>) {
        match (self, input) {
            (Self::Status, Input::Character('r' | 'R')) if can_go_back(facts) => {
                (Self::Ask(String::new()), None)
            }
            (Self::Ask(_) | Self::Refused(_), Input::Back) => (Self::Status, None),
            (Self::Refused(_), Input::Enter) => (Self::Status, None),
            (Self::Ask(typed), Input::Enter) if typed.trim() == WORDS => {
                (Self::GoingBack, Some(Action::RollBack))
            }
            (Self::Ask(_), Input::Enter) => (Self::Ask(String::new()), None),
            (Self::Ask(mut typed), Input::Erase) => {
                typed.pop();
                (Self::Ask(typed), None)
            }
            (Self::Ask(mut typed), Input::Character(character)) => {
                if typed.chars().count() < WORDS.len() {
                    typed.push(*character);
                }
                (Self::Ask(typed), None)
            }
            (view, _) => (view, None),
        }
    }
}

/// Whether there is a version to go back to.
pub fn can_go_back(facts: &Facts) -> bool {
    facts
        .update
        .as_ref()
        .and_then(StatusReport::way_back)
        .is_some()
}
