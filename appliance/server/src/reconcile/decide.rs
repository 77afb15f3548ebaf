//! What an instance needs, from what should be and what is. Pure.

use megh_api_types::DesiredState;
use megh_hypervisor::DomainState;

use crate::rows::instances::{InstanceRow, Observed};

/// What an instance needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// All is as it should be.
    Nothing,
    /// The hypervisor has lost the definition.
    Define,
    /// The guest runs, as it should; only the row does not say so yet.
    NoteRunning,
    /// The guest is off, as it should be; only the row does not say so yet.
    NoteStopped,
    /// The guest has shut itself down: that is what is wanted from now on.
    NoteEnded,
    /// The guest has crashed.
    NoteCrashed,
    /// The host went down and the guest with it.
    Start,
    /// The guest runs although it should not.
    Stop,
}

/// What an instance needs whose virtual machine is in `state`, in this boot of the host.
pub(super) fn decide(row: &InstanceRow, state: Option<DomainState>, boot: &str) -> Need {
    // What is being worked on, or was never whole, is left to its operations.
    if row.under_way.is_some() || !row.made {
        return Need::Nothing;
    }
    let seen_in_this_boot = row.observed_boot.as_deref() == Some(boot);
    match (row.desired, state) {
        (_, None) => Need::Define,
        (DesiredState::Running, Some(DomainState::Running | DomainState::Paused)) => {
            if row.observed == Observed::Running && seen_in_this_boot {
                Need::Nothing
            } else {
                Need::NoteRunning
            }
        }
        (DesiredState::Stopped, Some(DomainState::Running | DomainState::Paused)) => Need::Stop,
        (DesiredState::Running, Some(_)) if !seen_in_this_boot => Need::Start,
        (DesiredState::Running, Some(DomainState::Crashed)) => Need::NoteCrashed,
        (DesiredState::Running, Some(DomainState::Stopped)) => Need::NoteEnded,
        (DesiredState::Stopped, Some(_)) => {
            if row.observed == Observed::Stopped {
                Need::Nothing
            } else {
                Need::NoteStopped
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use megh_api_types::{Firmware, OperationKind};
    use uuid::Uuid;

    use super::*;

    fn row(desired: DesiredState, observed: Observed, boot: Option<&str>) -> InstanceRow {
        InstanceRow {
            id: Uuid::from_u128(1),
            project: Uuid::from_u128(2),
            name: "web".into(),
            image: None,
            volume: Uuid::from_u128(1),
            vcpus: 1,
            memory: 1 << 30,
            disk: 1 << 30,
            firmware: Firmware::Uefi,
            made: true,
            desired,
            observed,
            observed_boot: boot.map(str::to_owned),
            error: None,
            created_at: 0,
            under_way: None,
        }
    }

    #[test]
    fn a_guest_that_ended_is_told_from_a_host_that_went_down() {
        use DesiredState::{Running as Run, Stopped as Stop};
        use DomainState as D;
        use Observed as O;
        let cases = [
            (
                Run,
                O::Running,
                Some("now"),
                Some(D::Running),
                Need::Nothing,
            ),
            (
                Run,
                O::Running,
                Some("before"),
                Some(D::Running),
                Need::NoteRunning,
            ),
            (
                Run,
                O::Running,
                Some("now"),
                Some(D::Stopped),
                Need::NoteEnded,
            ),
            (
                Run,
                O::Running,
                Some("now"),
                Some(D::Crashed),
                Need::NoteCrashed,
            ),
            (
                Run,
                O::Running,
                Some("before"),
                Some(D::Stopped),
                Need::Start,
            ),
            (Run, O::Stopped, None, Some(D::Stopped), Need::Start),
            (Run, O::Running, Some("before"), None, Need::Define),
            (
                Stop,
                O::Stopped,
                Some("before"),
                Some(D::Stopped),
                Need::Nothing,
            ),
            (
                Stop,
                O::Running,
                Some("now"),
                Some(D::Stopped),
                Need::NoteStopped,
            ),
            (Stop, O::Stopped, None, Some(D::Running), Need::Stop),
            (Stop, O::Stopped, None, None, Need::Define),
        ];
        for (desired, observed, boot, state, need) in cases {
            let row = row(desired, observed, boot);
            assert_eq!(
                decide(&row, state, "now"),
                need,
                "{desired:?} {observed:?} {boot:?} {state:?}"
            );
        }
    }

    #[test]
    fn what_is_worked_on_is_left_alone() {
        let mut busy = row(DesiredState::Running, Observed::Running, Some("now"));
        busy.under_way = Some(OperationKind::InstanceStop);
        assert_eq!(decide(&busy, None, "now"), Need::Nothing);
        let mut unmade = row(DesiredState::Stopped, Observed::Stopped, None);
        unmade.made = false;
        assert_eq!(
            decide(&unmade, Some(DomainState::Running), "now"),
            Need::Nothing
        );
    }
}
