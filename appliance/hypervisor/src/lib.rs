//! Virtual machines: the trait that the control plane uses, its libvirt
//! driver, and a fake for tests.
//!
//! Every call blocks; callers on an async runtime use a blocking thread.
//! Every changing call is idempotent: doing what is already done succeeds.

use std::path::PathBuf;

use uuid::Uuid;

/// How guests are executed on this machine, as found by starting a tiny one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceleration {
    /// Hardware virtualization through KVM.
    Kvm,
    /// QEMU's software emulation: works everywhere, slowly.
    Emulation,
}

/// Everything the driver needs to define one virtual machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSpec {
    /// The instance's id; also the libvirt UUID.
    pub id: Uuid,
    /// The instance's name, for people who read libvirt's own lists.
    pub name: String,
    /// Virtual processors, 1 to 256.
    pub vcpus: u32,
    /// Memory in bytes, a multiple of 1 MiB.
    pub memory: u64,
    /// Root disk.
    pub disk: DiskSource,
    /// How the guest's firmware starts it.
    pub firmware: GuestFirmware,
    /// File that receives everything the guest prints on its serial port.
    pub serial_log: PathBuf,
}

/// Firmware of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestFirmware {
    /// SeaBIOS.
    Bios,
    /// OVMF.
    Uefi,
}

/// Where a guest's disk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskSource {
    /// A raw block device, for example an LVM thin volume.
    Block(PathBuf),
    /// A qcow2 file.
    Qcow2(PathBuf),
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

/// How to stop a virtual machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Ask the guest by ACPI; it may take its time or refuse.
    Graceful,
    /// Cut the power.
    Force,
}

/// What went wrong, with the object it happened to.
#[derive(Debug, thiserror::Error)]
pub enum HypervisorError {
    /// The virtual machine is not known to the hypervisor.
    #[error("virtual machine {0} is not defined")]
    NotFound(Uuid),
    /// The engine could not be reached.
    #[error("cannot reach the hypervisor: {0}")]
    Unreachable(String),
    /// The engine refused an operation.
    #[error("cannot {action} virtual machine {id}: {cause}")]
    Failed {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which virtual machine.
        id: Uuid,
        /// The engine's own words.
        cause: String,
    },
}

/// A virtual machine engine.
pub trait Hypervisor: Send + Sync {
    /// How guests run here. The first call probes by starting a tiny guest.
    fn acceleration(&self) -> Result<Acceleration, HypervisorError>;
    /// Defines a virtual machine, or replaces its definition.
    fn define(&self, spec: &DomainSpec) -> Result<(), HypervisorError>;
    /// Starts a defined virtual machine.
    fn start(&self, id: Uuid) -> Result<(), HypervisorError>;
    /// Stops a virtual machine. Returns once asked; see [`Hypervisor::state`].
    fn stop(&self, id: Uuid, mode: StopMode) -> Result<(), HypervisorError>;
    /// Removes the definition; the machine is cut off first if it runs.
    fn undefine(&self, id: Uuid) -> Result<(), HypervisorError>;
    /// The state of one virtual machine, `None` when it is not defined.
    fn state(&self, id: Uuid) -> Result<Option<DomainState>, HypervisorError>;
    /// All virtual machines that the engine has, whoever defined them.
    fn list(&self) -> Result<Vec<(Uuid, DomainState)>, HypervisorError>;
    /// Opens the serial console of a running machine.
    fn open_console(&self, id: Uuid) -> Result<Box<dyn Console>, HypervisorError>;
}

/// An open serial console. Dropping it closes it. `read` and `write` may be
/// called from different threads at once.
pub trait Console: Send + Sync {
    /// Waits for output; 0 bytes means that the guest is gone.
    fn read(&self, buffer: &mut [u8]) -> std::io::Result<usize>;
    /// Sends input; all of it is taken.
    fn write(&self, data: &[u8]) -> std::io::Result<()>;
    /// Ends a blocked `read` from another thread.
    fn close(&self);
}
