//! What can go wrong with virtual machines.

use uuid::Uuid;

/// What went wrong, with the object it happened to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HypervisorError {
    /// The virtual machine is not known to the hypervisor.
    #[error("virtual machine {0} is not defined")]
    NotFound(Uuid),
    /// The virtual machine was not defined by MeghOS and is left alone.
    #[error("virtual machine {0} was not made by MeghOS and is left alone")]
    Foreign(Uuid),
    /// The virtual machine does not run.
    #[error("virtual machine {0} does not run")]
    NotRunning(Uuid),
    /// The engine could not be reached.
    #[error("cannot reach the hypervisor: {0}")]
    Unreachable(String),
    /// The engine refused an operation on a virtual machine.
    #[error("cannot {action} virtual machine {id}: {cause}")]
    Failed {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which virtual machine.
        id: Uuid,
        /// The engine's own words.
        cause: String,
    },
    /// The engine refused something that is about no particular machine.
    #[error("the hypervisor cannot {action}: {cause}")]
    Engine {
        /// What was tried, as a verb.
        action: &'static str,
        /// The engine's own words.
        cause: String,
    },
}
