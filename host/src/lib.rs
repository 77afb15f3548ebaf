//! The only crate that touches the machine: programs, disks, mounts, firmware,
//! network interfaces and power.
//!
//! What can go wrong on a machine goes through [`Machine`], so that callers are
//! tested with [`fake::FakeMachine`], which fails at any chosen step. Code that
//! only starts programs uses [`command::Cmd`] directly.

pub mod block;
pub mod command;
pub mod disk;
pub mod efi;
pub mod fake;
mod file;
pub mod gpt;
mod machine;
pub mod mount;
pub mod net;
pub mod power;

pub use machine::{Machine, System};
