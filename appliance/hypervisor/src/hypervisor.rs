//! The trait of a virtual machine engine.

use uuid::Uuid;

use crate::{
    Acceleration, Console, DomainEntry, DomainSpec, DomainState, HypervisorError, StopMode,
};

/// A virtual machine engine.
pub trait Hypervisor: Send + Sync {
    /// How guests run here. The first call probes by starting a tiny guest.
    fn acceleration(&self) -> Result<Acceleration, HypervisorError>;
    /// Defines a virtual machine, or replaces its definition. What was chosen
    /// for the guest at its first definition (its machine type) is kept.
    fn define(&self, spec: &DomainSpec) -> Result<(), HypervisorError>;
    /// Starts a defined virtual machine.
    fn start(&self, id: Uuid) -> Result<(), HypervisorError>;
    /// Stops a virtual machine. With [`StopMode::Graceful`] this returns once
    /// the guest is asked, with [`StopMode::Force`] once it is off.
    fn stop(&self, id: Uuid, mode: StopMode) -> Result<(), HypervisorError>;
    /// Removes the definition; the machine is cut off first if it runs.
    fn undefine(&self, id: Uuid) -> Result<(), HypervisorError>;
    /// The state of one virtual machine, `None` when it is not defined.
    fn state(&self, id: Uuid) -> Result<Option<DomainState>, HypervisorError>;
    /// All virtual machines that the engine has, whoever defined them.
    fn list(&self) -> Result<Vec<DomainEntry>, HypervisorError>;
    /// Opens the serial console of a running machine.
    fn open_console(&self, id: Uuid) -> Result<Box<dyn Console>, HypervisorError>;
}
