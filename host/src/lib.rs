//! The only crate that touches the machine: programs, disks, mounts, firmware,
//! network interfaces and power.
//!
//! What can go wrong on a machine goes through [`Machine`], so that callers are
//! tested with [`fake::FakeMachine`], which fails at any chosen step. Code that
//! only starts programs uses [`command::Cmd`] directly.

pub mod command;
pub mod fake;
mod machine;
pub mod mount;

pub use machine::{Machine, System};
