//! Virtual machines: what they are made of, and what is done to them.

mod arguments;
mod firmware;
mod running;
mod spec;

pub(crate) use arguments::has_hardware_virtualization;
pub use running::Machine;
pub(crate) use running::free_port;
pub use spec::{Firmware, MachineSpec, Medium};
