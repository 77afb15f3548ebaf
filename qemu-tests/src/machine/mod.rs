//! Virtual machines: what they are made of, and what is done to them.

mod arguments;
mod running;
mod spec;

pub use running::Machine;
pub use spec::{Firmware, MachineSpec, Medium};
