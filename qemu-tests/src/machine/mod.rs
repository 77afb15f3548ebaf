//! Virtual machines: what they are made of, and what is done to them.

mod arguments;
mod running;
mod spec;

pub use running::Machine;
pub(crate) use running::free_port;
pub use spec::{Firmware, MachineSpec, Medium};
