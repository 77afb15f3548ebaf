//! What the hypervisor says of virtual machines, and is asked to do.

use uuid::Uuid;

/// How guests are executed on this machine, as found by starting a tiny one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceleration {
    /// Hardware virtualization through KVM.
    Kvm,
    /// QEMU's software emulation: works everywhere, slowly.
    Emulation,
}

/// What the hypervisor says of a virtual machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainState {
    /// Defined and not running.
    Stopped,
    /// Running, or on the way there or out of it.
    Running,
    /// Held by the hypervisor.
    Paused,
    /// Its guest has crashed.
    Crashed,
}

/// One virtual machine in the hypervisor's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainEntry {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub state: DomainState,
    /// Whether MeghOS defined it. What is not ours is never changed.
    pub ours: bool,
}

/// How to stop a virtual machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Ask the guest by ACPI; it may take its time or refuse.
    Graceful,
    /// Cut the power.
    Force,
}
