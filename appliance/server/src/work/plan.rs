//! Which steps an operation has. Pure.

use megh_api_types::OperationKind;
use megh_model::vm::Action;

use crate::rows::operations::Parameters;

/// A step of an operation. Each may be done again after it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Looks inside an upload.
    Inspect,
    /// Puts an upload into the pool.
    Import,
    /// Removes an image from the pool.
    RemoveImage,
    /// Copies an image to a volume.
    CreateDisk,
    /// Tells the hypervisor what the machine is.
    Define,
    /// Starts the machine.
    Start,
    /// Stops the machine.
    Stop,
    /// Takes the machine from the hypervisor.
    Undefine,
    /// Removes the volume, and the serial log.
    RemoveDisk,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Inspect,
        Self::Import,
        Self::RemoveImage,
        Self::CreateDisk,
        Self::Define,
        Self::Start,
        Self::Stop,
        Self::Undefine,
        Self::RemoveDisk,
    ];

    /// Its name, in the store and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::Import => "import",
            Self::RemoveImage => "remove image",
            Self::CreateDisk => "create disk",
            Self::Define => "define",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Undefine => "remove definition",
            Self::RemoveDisk => "remove disk",
        }
    }

    /// The step of this name; an operation of a newer release may have others.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

pub(crate) const IMPORT_IMAGE: &[Step] = &[Step::Inspect, Step::Import];
pub(crate) const DELETE_IMAGE: &[Step] = &[Step::RemoveImage];
pub(crate) const CREATE_INSTANCE: &[Step] = &[Step::CreateDisk, Step::Define];
pub(crate) const CREATE_AND_START_INSTANCE: &[Step] =
    &[Step::CreateDisk, Step::Define, Step::Start];
/// The definition is renewed at each start: where the disk is may have changed.
const START_INSTANCE: &[Step] = &[Step::Define, Step::Start];
const STOP_INSTANCE: &[Step] = &[Step::Stop];
const DELETE_INSTANCE: &[Step] = &[Step::Undefine, Step::RemoveDisk];

/// What an action on an instance comes to. Starting what was never made whole
/// makes it first.
pub(crate) fn operation_of(
    action: Action,
    made: bool,
) -> (OperationKind, &'static [Step], Parameters) {
    let (kind, steps) = match action {
        Action::Start if made => (OperationKind::InstanceStart, START_INSTANCE),
        Action::Start => (OperationKind::InstanceStart, CREATE_AND_START_INSTANCE),
        Action::Stop | Action::ForceStop | Action::OpenConsole => {
            (OperationKind::InstanceStop, STOP_INSTANCE)
        }
        Action::Delete => (OperationKind::InstanceDelete, DELETE_INSTANCE),
    };
    (
        kind,
        steps,
        Parameters {
            force: action == Action::ForceStop,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_name() {
        for step in Step::ALL {
            assert_eq!(Step::from_name(step.as_str()), Some(step));
        }
        assert_eq!(Step::from_name("teleport"), None);
    }
}
