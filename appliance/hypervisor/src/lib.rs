//! Virtual machines: the trait that the control plane uses, its libvirt
//! driver, and a fake for tests.
//!
//! Every call blocks; callers on an async runtime use a blocking thread.
//! Every changing call is idempotent: doing what is already done succeeds.
//! No call changes a virtual machine that MeghOS has not defined.

mod console;
mod error;
mod hypervisor;
mod libvirt;
mod serial_log;
mod spec;
mod state;
mod xml;

#[cfg(any(test, feature = "fake"))]
pub mod fake;

pub use console::Console;
pub use error::HypervisorError;
pub use hypervisor::Hypervisor;
pub use libvirt::{LibvirtHypervisor, SYSTEM_URI};
pub use serial_log::remove_serial_log;
pub use spec::{DiskSource, DomainSpec, GuestFirmware};
pub use state::{Acceleration, DomainEntry, DomainState, StopMode};
